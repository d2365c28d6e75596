/** The same as the bars, as a table: a row a job, a column a resource. */
import { Link } from "@/components/Link";
import { operationHref, operationTitle } from "@/lib/jobWords";
import { levelAmount, shareText } from "@/lib/levelWords";
import type { Level } from "@/lib/machineLoad";
import type { Operation } from "@/lib/types/job";

interface Props {
  levels: Level[];
  operations: Record<string, Operation>;
  highlight: string | null;
  onHighlight: (jobId: string | null) => void;
}

export function LevelTable({ levels, operations, highlight, onHighlight }: Props) {
  const jobIds = [...new Set(levels.flatMap((level) => level.shares.map((share) => share.jobId)))];
  return (
    <div className="max-h-96 overflow-auto" tabIndex={0} role="region" aria-label="Resources by job">
      <table className="table border-t border-line" data-testid="level-table">
        <thead>
          <tr>
            <th scope="col">Job</th>
            {levels.map((level) => (
              <th key={level.key} scope="col" className="number">
                {level.name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {jobIds.map((id) => {
            const job = operations[id];
            return (
              <tr
                key={id}
                className={highlight === id ? "bg-raised" : ""}
                onPointerEnter={() => {
                  onHighlight(id);
                }}
                onPointerLeave={() => {
                  onHighlight(null);
                }}
              >
                <th scope="row" className="max-w-56 truncate text-[13px]! font-medium text-fg!">
                  <Link href={job === undefined ? `/jobs/${id}` : operationHref(job)} className="hover:text-accent">
                    {job === undefined ? id : operationTitle(job)}
                  </Link>
                </th>
                {levels.map((level) => {
                  const share = level.shares.find((it) => it.jobId === id);
                  return (
                    <td key={level.key} className="number">
                      {share === undefined ? "none" : shareText(level, share)}
                    </td>
                  );
                })}
              </tr>
            );
          })}
          <Whole word="unattributed" levels={levels} of={(level) => level.rest} />
          <Whole word="used" levels={levels} of={(level) => level.used} />
          <Whole word="there is" levels={levels} of={(level) => level.total} />
        </tbody>
      </table>
    </div>
  );
}

function Whole({ word, levels, of }: { word: string; levels: Level[]; of: (level: Level) => number | null }) {
  return (
    <tr>
      <th scope="row">{word}</th>
      {levels.map((level) => (
        <td key={level.key} className="number text-muted">
          {levelAmount(level.unit, of(level))}
        </td>
      ))}
    </tr>
  );
}
