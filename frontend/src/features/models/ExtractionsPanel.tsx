/** The extractions from one model, each with how far it is, what it wrote, and what the numbers in it are like. */
import { Fragment, useState } from "react";
import { JobActions } from "@/components/JobActions";
import { Link } from "@/components/Link";
import { Panel } from "@/components/Panel";
import { ProgressBar } from "@/components/ProgressBar";
import { StatusBadge } from "@/components/StatusBadge";
import { useNow } from "@/hooks/useNow";
import { useOperations } from "@/hooks/useStores";
import * as f from "@/lib/format";
import { errorWord, isActive, statusTone } from "@/lib/jobWords";
import type { Dataset } from "@/lib/types/dataset";
import type { Extraction } from "@/lib/types/model";
import { operationsStore } from "@/stores/operationsStore";
import { ActivationStatisticsTable } from "./ActivationStatisticsTable";

interface Props {
  extractions: Extraction[];
  datasets: Dataset[];
  /** What to do when there are none. */
  children: React.ReactNode;
}

export function ExtractionsPanel({ extractions, datasets, children }: Props) {
  const [open, setOpen] = useState<string | null>(null);
  return (
    <Panel title="Extractions" note={extractions.length === 0 ? "" : String(extractions.length)} bodyClassName="relative overflow-x-auto" scrolls testId="extractions">
      {extractions.length === 0 ? (
        <div className="border-t border-line px-4 py-4 text-sm text-muted">{children}</div>
      ) : (
        <table className="table border-t border-line">
          <thead>
            <tr>
              <th scope="col">Dataset</th>
              <th scope="col">State</th>
              <th scope="col" className="max-sm:hidden">Layers</th>
              <th scope="col" className="max-md:hidden">Where</th>
              <th scope="col" className="number max-md:hidden">Samples</th>
              <th scope="col" className="number max-md:hidden">Vectors</th>
              <th scope="col" className="number max-sm:hidden">Size</th>
              <th scope="col" className="number max-lg:hidden">Started</th>
              <th scope="col">
                <span className="sr-only">Actions</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {extractions.map((extraction) => (
              <Fragment key={extraction.id}>
                <Row
                  extraction={extraction}
                  dataset={datasets.find(({ id }) => id === extraction.dataset_id)}
                  open={open === extraction.id}
                  onToggle={() => {
                    setOpen(open === extraction.id ? null : extraction.id);
                  }}
                />
                {open === extraction.id && (
                  <tr data-testid="extraction-statistics">
                    <td colSpan={9} className="whitespace-normal">
                      <ActivationStatisticsTable jobId={extraction.job_id} path={extraction.activations_path} />
                    </td>
                  </tr>
                )}
              </Fragment>
            ))}
          </tbody>
        </table>
      )}
    </Panel>
  );
}

function Row({ extraction, dataset, open, onToggle }: { extraction: Extraction; dataset: Dataset | undefined; open: boolean; onToggle: () => void }) {
  const job = useOperations((state) => state.operations[extraction.job_id]);
  const pending = useOperations((state) => state.pending[extraction.job_id]);
  const now = useNow(10_000);
  const status = job?.status ?? extraction.status;
  const progress = job === undefined ? extraction.progress : job.progress;
  const name = `the extraction on ${dataset?.name ?? extraction.dataset_id}`;
  return (
    <tr data-testid="extraction-row" data-extraction-id={extraction.id} data-status={status}>
      <td className="max-w-52 truncate max-sm:max-w-24">
        {dataset === undefined ? (
          <span className="font-mono text-xs text-muted">{extraction.dataset_id}</span>
        ) : (
          <Link href={`/datasets/${dataset.id}`} className="hover:text-accent">
            {dataset.name}
          </Link>
        )}
      </td>
      <td>
        <div className="flex items-center gap-2.5" title={extraction.error_message ?? undefined}>
          <StatusBadge status={status} />
          {isActive(status) && (
            <>
              <ProgressBar className="w-20 max-sm:hidden" value={progress} tone={statusTone(status)} label={`Progress of ${name}`} moving={status === "running"} />
              <span className="w-[7ch] text-right text-xs text-muted">{f.progressPercent(progress)}</span>
            </>
          )}
          {status === "failed" && <span className="max-w-60 truncate text-xs text-muted">{errorWord(extraction.error_type)}{extraction.error_message === null ? "" : ` — ${extraction.error_message}`}</span>}
        </div>
      </td>
      <td className="max-w-40 truncate text-muted max-sm:hidden" title={extraction.layers.join(", ")}>{extraction.layers.join(", ")}</td>
      <td className="text-muted max-md:hidden">{extraction.hooks.join(", ")}</td>
      <td className="number max-md:hidden">{f.count(extraction.rows)}</td>
      <td className="number max-md:hidden">{f.count(extraction.vectors)}</td>
      <td className="number max-sm:hidden">{f.bytes(extraction.size_bytes)}</td>
      <td className="number text-muted max-lg:hidden" title={f.fullTime(extraction.created_at)}>{f.time(extraction.created_at, now)}</td>
      <td className="text-right">
        {status === "completed" ? (
          <button type="button" className="button" aria-expanded={open} aria-label={`Statistics of ${name}`} onClick={onToggle}>
            Statistics
          </button>
        ) : (
          job !== undefined && <JobActions job={job} title={name} compact pending={pending} onControl={(id, action) => void operationsStore.getState().control(id, action)} />
        )}
      </td>
    </tr>
  );
}
