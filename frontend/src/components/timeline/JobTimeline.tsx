/** What happened to a job, in order, each with its time and how long it lasted. */
import { useState } from "react";
import { Icon, type IconName } from "@/components/Icon";
import { Panel } from "@/components/Panel";
import { useJobTimeline } from "@/hooks/useJobTimeline";
import { useNow } from "@/hooks/useNow";
import * as f from "@/lib/format";
import { isActive } from "@/lib/jobWords";
import { itemsOfJob, momentsOf, spansOf, type Moment } from "@/lib/timeline";
import type { Operation } from "@/lib/types/job";
import { TimelineStrip } from "./TimelineStrip";

const SHOWN = 40;

export function JobTimeline({ job }: { job: Operation }) {
  const { page, checkpoints, error } = useJobTimeline(job);
  const [all, setAll] = useState(false);
  // A second is too short to watch a span grow once the job has ended.
  const now = useNow(isActive(job.status) ? 1000 : 60_000);
  const kept = page !== null && page.items.length > 0;
  const items = kept ? page.items : page === null ? [] : itemsOfJob(job);
  const moments = momentsOf(items, checkpoints, now);
  const shown = all ? moments : moments.slice(-SHOWN);
  return (
    <Panel title="Timeline" note={page?.phases_left_out === true ? "later phases were too many to be kept" : undefined} bodyClassName="pb-3" testId="timeline">
      {error !== null && <p className="border-t border-line px-4 py-2 text-sm text-amber">It can&rsquo;t be read: {error}</p>}
      {/* About as high as what a short job will have, so that little moves when it comes. */}
      {page === null && error === null && <p className="min-h-24 border-t border-line px-4 py-2 text-sm text-muted">Reading…</p>}
      {page !== null && !kept && <p className="border-t border-line px-4 py-2 text-sm text-muted">This job is from before its timeline was kept: only this is known.</p>}
      {items.length > 0 && (
        <div className="border-t border-line px-4 py-3">
          <TimelineStrip spans={spansOf(items, now)} />
        </div>
      )}
      {shown.length < moments.length && (
        <button
          type="button"
          className="button mx-4 mb-2"
          onClick={() => {
            setAll(true);
          }}
        >
          Show {moments.length - shown.length} earlier
        </button>
      )}
      <ol>
        {shown.map((moment) => (
          <MomentRow key={moment.key} moment={moment} now={now} />
        ))}
      </ol>
    </Panel>
  );
}

const MARK: Record<Moment["kind"], IconName | null> = { status: null, phase: "operations", asked: "help", checkpoint: "download" };
const TONE: Record<Moment["tone"], string> = {
  active: "text-accent",
  waiting: "text-muted",
  warning: "text-amber",
  failure: "text-red",
  done: "text-green",
  quiet: "text-muted",
};

function MomentRow({ moment, now }: { moment: Moment; now: number }) {
  const mark = MARK[moment.kind];
  const sameDay = new Date(now).toDateString() === new Date(moment.at).toDateString();
  const at = new Date(moment.at).toISOString();
  return (
    <li className={`grid grid-cols-[auto_auto_minmax(0,1fr)_auto] items-baseline gap-x-3 px-4 py-[3px] text-sm ${moment.kind === "status" ? "" : "text-muted"}`} data-testid="moment" data-kind={moment.kind}>
      <time dateTime={at} title={f.fullTime(at)} className="text-xs text-faint">
        {sameDay ? "" : `${f.time(at, now).replace(/ \d\d:\d\d$/, "")} `}
        {f.timeWithSeconds(at)}
      </time>
      <span className={`grid h-5 w-3 place-items-center self-start ${TONE[moment.tone]}`}>
        {mark === null ? <span className="size-1.5 rounded-full bg-current" aria-hidden="true" /> : <Icon name={mark} size={11} />}
      </span>
      <span className="min-w-0">
        <span className={moment.kind === "status" ? "font-medium" : ""}>{moment.title}</span>
        {moment.detail !== null && <span className="block text-xs break-words text-muted">{moment.detail}</span>}
      </span>
      <span className="text-xs text-muted">
        {moment.seconds === null ? "" : f.duration(moment.open ? Math.floor(moment.seconds) : moment.seconds)}
        {moment.open && " so far"}
      </span>
    </li>
  );
}
