/** What failed, why, and what to do. */
import { Icon } from "@/components/Icon";
import { Link } from "@/components/Link";
import { Panel } from "@/components/Panel";
import * as f from "@/lib/format";
import { canRetry, errorWord, kindWord, operationHref, operationTitle } from "@/lib/jobWords";
import type { Action, JsonObject, Operation } from "@/lib/types/job";
import type { ListRead } from "@/stores/operationsStore";
import { ListFooter } from "./ListFooter";

interface Props {
  operations: Operation[];
  read: ListRead;
  total: number;
  now: number;
  pending: Record<string, Action>;
  errors: Record<string, string>;
  onRetry: (operation: Operation) => void;
  onDismiss: (jobIds: string[]) => void;
  onMore: () => void;
  onAgain: () => void;
}

export function FailedList({ operations, read, total, now, pending, errors, onRetry, onDismiss, onMore, onAgain }: Props) {
  return (
    <Panel
      title="Failed"
      note={operations.length === 0 ? undefined : f.count(operations.length)}
      bodyClassName="pb-1"
      testId="failed-list"
      actions={
        operations.length > 1 && (
          <button
            type="button"
            className="button"
            onClick={() => {
              onDismiss(operations.map((operation) => operation.id));
            }}
          >
            Dismiss {operations.length}
          </button>
        )
      }
    >
      <ul>
        {operations.map((operation) => (
          <Failure
            key={operation.id}
            operation={operation}
            now={now}
            busy={pending[operation.id] !== undefined}
            error={errors[operation.id]}
            onRetry={onRetry}
            onDismiss={onDismiss}
          />
        ))}
      </ul>
      <ListFooter read={read} shown={operations.length} total={total} onMore={onMore} onAgain={onAgain} />
    </Panel>
  );
}

interface FailureProps {
  operation: Operation;
  now: number;
  busy: boolean;
  error: string | undefined;
  onRetry: (operation: Operation) => void;
  onDismiss: (jobIds: string[]) => void;
}

function Failure({ operation, now, busy, error, onRetry, onDismiss }: FailureProps) {
  const title = operationTitle(operation);
  const suggested = suggestion(operation.suggested_retry_params);
  const attempts = operation.attempt > 1 ? ` · after ${operation.attempt} attempts` : "";
  return (
    <li className="flex flex-wrap gap-x-4 gap-y-2 border-t border-line px-4 py-2.5" data-testid="failed-operation" data-job-id={operation.id}>
      <Icon name="alert" size={14} className="mt-[3px] text-red" />
      <div className="min-w-0 flex-1 basis-64">
        <div className="flex flex-wrap items-baseline gap-x-2">
          <Link href={operationHref(operation)} className="max-w-full truncate font-medium hover:text-accent">
            {title}
          </Link>
          <span className="text-xs text-muted">
            {kindWord(operation.kind)} · stopped at {f.progressPercent(operation.progress)} · {f.time(operation.finished_at, now)}
            {attempts}
          </span>
        </div>
        <p className="line-clamp-3 text-sm break-words" title={operation.error_message ?? undefined}>
          <span className="font-medium text-red">{errorWord(operation.error_type)}</span>
          {operation.error_message !== null && operation.error_message !== "" && <span className="text-muted"> — {operation.error_message}</span>}
        </p>
        {suggested !== null && (
          <p className="text-xs text-muted">
            Suggested for a retry: <code className="font-mono text-fg">{suggested}</code>
          </p>
        )}
        {operation.attached && <p className="text-xs text-muted">It ran where it was called, and is run again there.</p>}
        {error !== undefined && (
          <p role="alert" className="text-xs text-red">
            {error}
          </p>
        )}
      </div>
      <div className="flex items-start gap-1.5">
        {canRetry(operation) && (
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
        )}
        <button
          type="button"
          className="button"
          disabled={busy}
          aria-label={`Dismiss ${title}`}
          onClick={() => {
            onDismiss([operation.id]);
          }}
        >
          Dismiss
        </button>
      </div>
    </li>
  );
}

function suggestion(params: JsonObject | null): string | null {
  if (params === null) return null;
  const entries = Object.entries(params);
  return entries.length === 0 ? null : entries.map(([key, value]) => `${key} ${JSON.stringify(value)}`).join(", ");
}
