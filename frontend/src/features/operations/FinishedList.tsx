import { Link } from "@/components/Link";
import { Panel } from "@/components/Panel";
import { StatusBadge } from "@/components/StatusBadge";
import * as f from "@/lib/format";
import { kindWord, operationTitle, whatItDid } from "@/lib/jobWords";
import type { Operation } from "@/lib/types/job";
import { usageLine, usageTitle } from "@/lib/usageWords";

export function FinishedList({ operations, now }: { operations: Operation[]; now: number }) {
  return (
    <Panel title="Finished" note={`${operations.length}`} bodyClassName="overflow-x-auto" scrolls testId="finished-list">
      <table className="table border-t border-line">
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col" className="max-sm:hidden">Kind</th>
            <th scope="col">State</th>
            <th scope="col" className="number max-sm:hidden">Did</th>
            <th scope="col" className="number max-lg:hidden">Used</th>
            <th scope="col" className="number">Took</th>
            <th scope="col" className="number max-sm:hidden">Ended</th>
          </tr>
        </thead>
        <tbody>
          {operations.map((operation) => {
            const title = operationTitle(operation);
            return (
              <tr key={operation.id} data-testid="finished-operation" data-job-id={operation.id}>
                <td className="max-w-36 truncate sm:max-w-64 font-medium" title={title}>
                  {operation.entity_type === "training" && operation.entity_id !== null ? (
                    <Link href={`/trainings/${operation.entity_id}`} className="hover:text-accent">
                      {title}
                    </Link>
                  ) : (
                    title
                  )}
                </td>
                <td className="text-muted max-sm:hidden">{kindWord(operation.kind)}</td>
                <td>
                  <StatusBadge status={operation.status} />
                </td>
                <td className="number text-muted max-sm:hidden">{whatItDid(operation)}</td>
                <td className="number text-muted max-lg:hidden" title={usageTitle(operation.usage)} data-testid="operation-usage">
                  {usageLine(operation.usage)}
                </td>
                <td className="number">{took(operation)}</td>
                <td className="number text-muted max-sm:hidden" title={f.fullTime(operation.finished_at)}>
                  {f.time(operation.finished_at, now)}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </Panel>
  );
}

/** From start to end by the server's clock; the time in the queue is not work. */
function took(operation: Operation): string {
  if (operation.started_at === null || operation.finished_at === null) return f.UNKNOWN;
  return f.duration((Date.parse(operation.finished_at) - Date.parse(operation.started_at)) / 1000);
}
