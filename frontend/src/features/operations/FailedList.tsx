/** What failed, why, and what to do. */
import { Icon } from "@/components/Icon";
import { Link } from "@/components/Link";
import { Panel } from "@/components/Panel";
import * as f from "@/lib/format";
import { errorWord, kindWord, operationTitle } from "@/lib/jobWords";
import type { Action, JsonObject, Operation } from "@/lib/types/job";

interface Props {
  operations: Operation[];
  now: number;
  pending: Record<string, Action>;
  errors: Record<string, string>;
  onRetry: (operation: Operation) => void;
  onDismiss: (jobId: string) => void;
}

export function FailedList({ operations, now, pending, errors, onRetry, onDismiss }: Props) {
  return (
    <Panel title="Failed" note={`${operations.length}`} bodyClassName="pb-1" testId="failed-list">
      <ul>
        {operations.map((operation) => {
          const title = operationTitle(operation);
          const busy = pending[operation.id] !== undefined;
          return (
            <li key={operation.id} className="flex flex-wrap gap-x-4 gap-y-2 border-t border-line px-4 py-2.5" data-testid="failed-operation" data-job-id={operation.id}>
              <Icon name="alert" size={14} className="mt-[3px] text-red" />
              <div className="min-w-0 flex-1 basis-64">
                <div className="flex flex-wrap items-baseline gap-x-2">
                  {operation.entity_type === "training" && operation.entity_id !== null ? (
                    <Link href={`/trainings/${operation.entity_id}`} className="font-medium hover:text-accent">
                      {title}
                    </Link>
                  ) : (
                    <span className="font-medium">{title}</span>
                  )}
                  <span className="text-xs text-muted">
                    {kindWord(operation.kind)} · stopped at {f.progressPercent(operation.progress)} · {f.time(operation.finished_at, now)}
                  </span>
                </div>
                <p className="text-sm break-words">
                  <span className="font-medium text-red">{errorWord(operation.error_type)}</span>
                  {operation.error_message !== null && operation.error_message !== "" && <span className="text-muted"> — {operation.error_message}</span>}
                </p>
                {suggestion(operation.suggested_retry_params) !== null && (
                  <p className="text-xs text-muted">
                    Suggested for a retry: <code className="font-mono text-fg">{suggestion(operation.suggested_retry_params)}</code>
                  </p>
                )}
                {errors[operation.id] !== undefined && (
                  <p role="alert" className="text-xs text-red">
                    {errors[operation.id]}
                  </p>
                )}
              </div>
              <div className="flex items-start gap-1.5">
                <button
                  type="button"
                  className="button"
                  disabled={busy}
                  aria-label={`Retry ${title}`}
                  onClick={() => {
                    onRetry(operation);
                  }}
                >
                  <Icon name="retry" size={12} />
                  Retry
                </button>
                <button
                  type="button"
                  className="button"
                  disabled={busy}
                  aria-label={`Dismiss ${title}`}
                  onClick={() => {
                    onDismiss(operation.id);
                  }}
                >
                  Dismiss
                </button>
              </div>
            </li>
          );
        })}
      </ul>
    </Panel>
  );
}

function suggestion(params: JsonObject | null): string | null {
  if (params === null) return null;
  const entries = Object.entries(params);
  return entries.length === 0 ? null : entries.map(([key, value]) => `${key} ${JSON.stringify(value)}`).join(", ");
}
