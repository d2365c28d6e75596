/** What has ended well or was cancelled, and failures that were dismissed or tried again: newest first, page by page. */
import { Icon } from "@/components/Icon";
import { Link } from "@/components/Link";
import { Panel } from "@/components/Panel";
import { StatusBadge } from "@/components/StatusBadge";
import * as f from "@/lib/format";
import { canRetry, kindWord, operationHref, operationTitle, whatItDid } from "@/lib/jobWords";
import type { Operation } from "@/lib/types/job";
import { usageLine, usageTitle } from "@/lib/usageWords";
import type { ListRead } from "@/stores/operationsStore";
import { ListFooter } from "./ListFooter";

interface Props {
  operations: Operation[];
  read: ListRead;
  total: number;
  now: number;
  onRetry: (operation: Operation) => void;
  onMore: () => void;
  onAgain: () => void;
}

export function FinishedList({ operations, read, total, now, onRetry, onMore, onAgain }: Props) {
  return (
    <Panel
      title="Finished"
      note={operations.length === 0 ? undefined : f.count(operations.length)}
      bodyClassName="max-h-[36rem] overflow-auto"
      scrolls
      testId="finished-list"
    >
      {operations.length > 0 && (
        <table className="table border-t border-line">
          <thead>
            <tr>
              <th scope="col">Name</th>
              <th scope="col" className="max-md:hidden">Kind</th>
              <th scope="col">State</th>
              <th scope="col" className="number max-md:hidden">Did</th>
              <th scope="col" className="number max-xl:hidden">Used</th>
              <th scope="col" className="number">Took</th>
              <th scope="col" className="number max-sm:hidden">Ended</th>
              <th scope="col">
                <span className="sr-only">Actions</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {operations.map((operation) => (
              <Finished key={operation.id} operation={operation} now={now} onRetry={onRetry} />
            ))}
          </tbody>
        </table>
      )}
      <ListFooter read={read} shown={operations.length} total={total} onMore={onMore} onAgain={onAgain} />
    </Panel>
  );
}

function Finished({ operation, now, onRetry }: { operation: Operation; now: number; onRetry: (operation: Operation) => void }) {
  const title = operationTitle(operation);
  const after = operation.retried_by !== null ? "retried" : operation.dismissed && operation.status === "failed" ? "dismissed" : null;
  return (
    <tr data-testid="finished-operation" data-job-id={operation.id}>
      <td className="max-w-36 truncate font-medium sm:max-w-64" title={title}>
        <Link href={operationHref(operation)} className="hover:text-accent">
          {title}
        </Link>
      </td>
      <td className="text-muted max-md:hidden">{kindWord(operation.kind)}</td>
      <td>
        <StatusBadge status={operation.status} />
        {after !== null && <span className="ml-1.5 text-xs text-faint max-sm:hidden">{after}</span>}
      </td>
      <td className="number text-muted max-md:hidden">{whatItDid(operation)}</td>
      <td className="number text-muted max-xl:hidden" title={usageTitle(operation.usage)} data-testid="operation-usage">
        {usageLine(operation.usage)}
      </td>
      <td className="number">{took(operation)}</td>
      <td className="number text-muted max-sm:hidden" title={f.fullTime(operation.finished_at)}>
        {f.time(operation.finished_at, now)}
      </td>
      <td className="w-0 pl-0!">
        {canRetry(operation) && (
          <button
            type="button"
            className="button button-icon"
            aria-label={`Retry ${title}`}
            title="Retry"
            onClick={() => {
              onRetry(operation);
            }}
          >
            <Icon name="retry" size={13} />
          </button>
        )}
      </td>
    </tr>
  );
}

/** From start to end by the server's clock; the time in the queue is not work. */
function took(operation: Operation): string {
  if (operation.started_at === null || operation.finished_at === null) return f.UNKNOWN;
  return f.duration((Date.parse(operation.finished_at) - Date.parse(operation.started_at)) / 1000);
}
