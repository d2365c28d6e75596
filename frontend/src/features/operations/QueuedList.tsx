/** Jobs that wait, and why. */
import { JobActions } from "@/components/JobActions";
import { Panel } from "@/components/Panel";
import { StatusBadge } from "@/components/StatusBadge";
import * as f from "@/lib/format";
import { kindWord, operationTitle } from "@/lib/jobWords";
import type { Action, Control, Operation } from "@/lib/types/job";

interface Props {
  operations: Operation[];
  now: number;
  pending: Record<string, Action>;
  onControl: (jobId: string, action: Control) => void;
}

export function QueuedList({ operations, now, pending, onControl }: Props) {
  return (
    <Panel title="Queued" bodyClassName="pb-1">
      <ul>
        {operations.map((operation) => (
          <li
            key={operation.id}
            className="flex flex-wrap items-center justify-between gap-x-4 gap-y-1.5 border-t border-line px-4 py-2"
            data-testid="operation-card"
            data-job-id={operation.id}
            data-status={operation.status}
          >
            <div className="min-w-0 flex-1 basis-64">
              <span className="truncate font-medium">{operationTitle(operation)}</span>
              <span className="ml-2 text-xs text-muted">{kindWord(operation.kind)}</span>
              <p className="truncate text-xs text-muted">
                {operation.status_text ?? `waits for a ${operation.resource_class} slot`}
              </p>
            </div>
            <span className="text-xs text-faint" title={f.fullTime(operation.created_at)}>
              since {f.time(operation.created_at, now)}
            </span>
            <StatusBadge status={operation.status} />
            <JobActions job={operation} title={operationTitle(operation)} pending={pending[operation.id]} onControl={onControl} />
          </li>
        ))}
      </ul>
    </Panel>
  );
}
