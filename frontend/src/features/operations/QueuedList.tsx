/** Jobs that wait: in which order they are taken, for what they wait, and what to do where nobody takes them. */
import { useState } from "react";
import { JobActions } from "@/components/JobActions";
import { Link } from "@/components/Link";
import { Panel } from "@/components/Panel";
import { StatusBadge } from "@/components/StatusBadge";
import * as f from "@/lib/format";
import { kindWord, operationHref, operationTitle } from "@/lib/jobWords";
import { queuePlaces } from "@/lib/operationLists";
import { attemptText, queuedText, unservedText } from "@/lib/operationWords";
import type { Action, Control, Operation, Unserved } from "@/lib/types/job";
import { UnservedNote } from "./UnservedNote";

interface Props {
  /** Those that are shown, and all: places are counted among all. */
  operations: Operation[];
  queued: Operation[];
  unserved: Unserved[];
  now: number;
  pending: Record<string, Action>;
  errors: Record<string, string>;
  onControl: (jobId: string, action: Control) => void;
}

const FIRST = 20;
const STEP = 60;

export function QueuedList({ operations, queued, unserved, now, pending, errors, onControl }: Props) {
  const [more, setMore] = useState(0);
  const places = queuePlaces(queued, now);
  const order = [...operations].sort((a, b) => (places.get(a.id) ?? Infinity) - (places.get(b.id) ?? Infinity));
  const shown = order.slice(0, FIRST + more);
  const rest = order.length - shown.length;
  return (
    <Panel title="Queued" note={f.count(operations.length)} bodyClassName="pb-1" testId="queued-list">
      {unserved.map((it) => (
        <UnservedNote key={`${it.queue} ${it.resource_class}`} unserved={it} />
      ))}
      <ul>
        {shown.map((operation) => {
          const title = operationTitle(operation);
          const place = places.get(operation.id);
          return (
            <li
              key={operation.id}
              className="flex flex-wrap items-center justify-between gap-x-4 gap-y-1.5 border-t border-line px-4 py-2"
              data-testid="operation-card"
              data-job-id={operation.id}
              data-status={operation.status}
            >
              <span className="w-7 shrink-0 text-right text-sm font-semibold text-muted" title={place === undefined ? "It waits for its time" : "Its place in the line of its queue and class"}>
                {place === undefined ? f.UNKNOWN : `${place}.`}
              </span>
              <div className="min-w-0 flex-1 basis-52">
                <span className="flex min-w-0 items-baseline gap-2">
                  <Link href={operationHref(operation)} className="truncate font-medium hover:text-accent">
                    {title}
                  </Link>
                  <span className="shrink-0 text-xs text-muted">{kindWord(operation.kind)}</span>
                </span>
                <p className={`truncate text-xs ${unservedText(operation) === null ? "text-muted" : "text-amber"}`} data-testid="situation">
                  {queuedText(operation, now)}
                </p>
                {errors[operation.id] !== undefined && (
                  <p role="alert" className="text-xs text-red">
                    {errors[operation.id]}
                  </p>
                )}
              </div>
              <span className="text-xs text-faint">
                {[`queue ${operation.queue}`, operation.priority === 0 ? null : `priority ${operation.priority}`, attemptText(operation)]
                  .filter((it) => it !== null)
                  .join(" · ")}
              </span>
              <span className="text-xs text-faint" title={f.fullTime(operation.created_at)}>
                since {f.time(operation.created_at, now)}
              </span>
              <StatusBadge status={operation.status} />
              <JobActions job={operation} title={title} compact pending={pending[operation.id]} onControl={onControl} />
            </li>
          );
        })}
      </ul>
      {rest > 0 && (
        <button
          type="button"
          className="button m-3"
          onClick={() => {
            setMore(more + STEP);
          }}
        >
          Show {Math.min(rest, STEP)} of {rest} more
        </button>
      )}
    </Panel>
  );
}
