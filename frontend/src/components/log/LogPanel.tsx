/** A job's log: its end live, what was kept before, search, and why the job ended. */
import { useEffect, useMemo, useState } from "react";
import { Panel } from "@/components/Panel";
import { useJobLogs } from "@/hooks/useJobLogs";
import { useNow } from "@/hooks/useNow";
import { useOperations } from "@/hooks/useStores";
import * as f from "@/lib/format";
import { findMatches, stepMatch } from "@/lib/logSearch";
import { useQuery } from "@/lib/router";
import { ExitCause } from "./ExitCause";
import { LogDownload } from "./LogDownload";
import { LogSearch } from "./LogSearch";
import { LogView } from "./LogView";

const STREAMS = ["stdout", "stderr", "log"] as const;

/** Where a match stands. */
interface Place {
  seq: number;
  from: number;
}

export function LogPanel({ jobId }: { jobId: string | null }) {
  const job = useOperations((state) => (jobId === null ? undefined : state.operations[jobId]));
  const [text, setText] = useQuery("find");
  const [stream, setStream] = useQuery("stream");
  const [follow, setFollow] = useState(true);
  const { lines, cut, load, error, readOlder } = useJobLogs(jobId, !follow);
  const [at, setAt] = useState<Place | "newest" | null>(text === "" ? null : "newest");
  const [reading, setReading] = useState(false);
  const now = useNow(10_000);

  const shown = useMemo(() => (stream === "" ? lines : lines.filter((line) => line.stream === stream)), [lines, stream]);
  const matches = useMemo(() => findMatches(shown, text), [shown, text]);
  // A match is known by its line: others come and go before and after it.
  const current = useMemo(() => {
    if (at === null || matches.length === 0) return null;
    if (at === "newest") return matches.length - 1;
    const index = matches.findIndex((match) => shown[match.line]?.seq === at.seq && match.from === at.from);
    return index < 0 ? null : index;
  }, [at, matches, shown]);
  const goTo = (index: number) => {
    const match = matches[index];
    const line = match === undefined ? undefined : shown[match.line];
    setAt(match === undefined || line === undefined ? null : { seq: line.seq, from: match.from });
  };
  // Found first, it is held on to: what is written meanwhile doesn't move the window.
  const newest = at === "newest" ? current : null;
  useEffect(() => {
    if (newest !== null) goTo(newest);
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [newest]);
  const count = `${f.count(shown.length)}${cut ? "+" : ""} lines`;

  return (
    <Panel
      title="Log"
      note={cut && load === "ready" ? `the newest ${count}` : count}
      bodyClassName=""
      testId="log"
      className="[&>header]:flex-wrap"
      actions={
        <div className="flex flex-wrap items-center gap-1.5">
          <LogSearch
            text={text}
            count={matches.length}
            current={current ?? 0}
            onText={(next) => {
              setText(next);
              setAt(next === "" ? null : "newest");
            }}
            onStep={(by) => {
              goTo(stepMatch(matches.length, current ?? 0, by));
            }}
          />
          <select
            aria-label="Stream"
            className="field py-0"
            value={stream}
            onChange={(event) => {
              setStream(event.target.value);
            }}
          >
            <option value="">All streams</option>
            {STREAMS.map((it) => (
              <option key={it} value={it}>
                {it}
              </option>
            ))}
          </select>
          <button
            type="button"
            className={`button h-7 ${follow ? "border-accent! bg-accent-soft!" : ""}`}
            aria-pressed={follow}
            onClick={() => {
              setAt(null);
              setFollow(!follow);
            }}
          >
            Follow
          </button>
          {jobId !== null && <LogDownload jobId={jobId} />}
        </div>
      }
    >
      {job !== undefined && <ExitCause job={job} now={now} />}
      {error !== null && lines.length > 0 && <p className="border-t border-line px-4 py-1.5 text-xs text-amber">The newest lines can&rsquo;t be read: {error}</p>}
      {readOlder !== null && load === "ready" && (
        <div className="flex items-center gap-3 border-t border-line px-4 py-1.5 text-xs text-muted">
          <button
            type="button"
            className="button"
            disabled={reading}
            onClick={() => {
              setReading(true);
              setFollow(false);
              void readOlder().finally(() => {
                setReading(false);
              });
            }}
          >
            {reading ? "Reading…" : "Read earlier lines"}
          </button>
          Search and filter go over the lines that are here.
        </div>
      )}
      {shown.length === 0 ? (
        <div className="border-t border-line px-4 py-3 text-sm" data-testid="log-empty">
          {load === "error" ? (
            <p className="text-red">{error}</p>
          ) : (
            <p className="text-muted">{load === "loading" ? "Reading…" : lines.length === 0 ? "Nothing was written." : `Nothing of the stream ${stream} is among these lines.`}</p>
          )}
        </div>
      ) : (
        <LogView lines={shown} matches={matches} current={current} follow={follow} onFollow={setFollow} />
      )}
    </Panel>
  );
}
