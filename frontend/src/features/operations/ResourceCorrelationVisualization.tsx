/** What uses the machine: each resource's level, and which job has how much of it. Pointing at a job shows it everywhere. */
import { Link } from "@/components/Link";
import { Panel } from "@/components/Panel";
import type { JobColors } from "@/lib/jobColors";
import type { Level } from "@/lib/machineLoad";
import { useQuery } from "@/lib/router";
import type { Operation } from "@/lib/types/job";
import { LevelBar } from "./LevelBar";
import { LevelTable } from "./LevelTable";

interface Props {
  /** null: not told yet. */
  levels: Level[] | null;
  host: string | null;
  /** Why there is no GPU; null: not known, or there is one. */
  gpuReason: string | null;
  /** The highest rate of the last minutes, by level: what a bar without a top stands for. */
  peaks: Record<string, number | null>;
  operations: Record<string, Operation>;
  colors: JobColors;
  highlight: string | null;
  stale: boolean;
  onHighlight: (jobId: string | null) => void;
}

export function ResourceCorrelationVisualization(props: Props) {
  const { levels, host, gpuReason, peaks, operations, colors, highlight, stale, onHighlight } = props;
  const [as, setAs] = useQuery("resources", "bars");
  const table = as === "table";
  const hasGpu = levels?.some((level) => level.key.startsWith("gpu-")) === true;
  return (
    <Panel
      title="Resources"
      note={host ?? undefined}
      stale={stale}
      testId="resources"
      bodyClassName={table ? "" : "px-4 pb-4"}
      actions={
        <>
          <button
            type="button"
            className={`button ${table ? "border-accent! bg-accent-soft!" : ""}`}
            aria-pressed={table}
            onClick={() => {
              setAs(table ? "bars" : "table");
            }}
          >
            Table
          </button>
          <Link href="/system" className="text-xs text-muted hover:text-accent">
            System Monitor
          </Link>
        </>
      }
    >
      {levels === null ? (
        <p className="px-4 pb-4 text-sm text-muted">Not known yet.</p>
      ) : table ? (
        <LevelTable levels={levels} operations={operations} highlight={highlight} onHighlight={onHighlight} />
      ) : (
        <div className="grid grid-cols-[repeat(auto-fill,minmax(min(100%,250px),1fr))] gap-x-8 gap-y-4">
          {levels.map((level) => (
            <LevelBar
              key={level.key}
              level={level}
              top={level.total ?? peaks[level.key] ?? level.used}
              operations={operations}
              colors={colors}
              highlight={highlight}
              onHighlight={onHighlight}
            />
          ))}
          {!hasGpu && (
            <div className="min-w-0">
              <div className="text-sm font-medium">GPU</div>
              <p className="mt-0.5 text-xs text-muted">{gpuReason === null ? "None found so far." : `None: ${gpuReason}`}</p>
            </div>
          )}
        </div>
      )}
    </Panel>
  );
}
