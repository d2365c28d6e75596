/** The datasets that are known, with what they hold; what runs on one is shown beside its state. */
import { EntityState } from "@/components/EntityState";
import { NameCell } from "@/components/NameCell";
import { ObstacleButton } from "@/components/ObstacleButton";
import { ProgressBar } from "@/components/ProgressBar";
import { useOperations } from "@/hooks/useStores";
import * as f from "@/lib/format";
import { newestTransfer, type Transfer } from "@/lib/transfer";
import type { Dataset } from "@/lib/types/dataset";
import { DatasetRun } from "./DatasetRun";

interface Props {
  datasets: Dataset[];
  transfers: Record<string, Transfer>;
  now: number;
  /** Why nothing can be tokenized now, or null. */
  obstacle: string | null;
  onTokenize: (dataset: Dataset) => void;
}

/** Whether its file is there: one whose download failed has none. */
export function hasFile(dataset: Dataset): boolean {
  return dataset.size_bytes !== null;
}

function hubOf({ repo_id: repo, split }: Dataset): string | null {
  return repo === null || split === null ? repo : `${repo} · ${split}`;
}

export function DatasetsTable({ datasets, transfers, now, obstacle, onTokenize }: Props) {
  return (
    <div className="panel relative overflow-x-auto" tabIndex={0}>
      <table className="table">
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">State</th>
            <th scope="col" className="max-lg:hidden">Format</th>
            <th scope="col" className="number max-md:hidden">Size</th>
            <th scope="col" className="number max-md:hidden">Documents</th>
            <th scope="col" className="number max-md:hidden">Tokens</th>
            <th scope="col" className="number max-xl:hidden">Added</th>
            <th scope="col">
              <span className="sr-only">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {datasets.map((dataset) => (
            <tr key={dataset.id} data-testid="dataset-row" data-dataset-id={dataset.id} data-status={dataset.status}>
              <NameCell href={`/datasets/${dataset.id}`} name={dataset.name} path={dataset.path} hub={hubOf(dataset)} className="max-md:max-w-32" />
              <td>
                <div className="flex items-center gap-2.5">
                  <EntityState status={dataset.status} />
                  {dataset.status === "tokenizing" && <Tokenizing dataset={dataset} live={transfers[dataset.id]} />}
                </div>
              </td>
              {hasFile(dataset) ? (
                <>
                  <td className="text-muted max-lg:hidden">
                    {dataset.format ?? f.UNKNOWN}
                    {dataset.compressed === true && ", gzip"}
                  </td>
                  <td className="number max-md:hidden">{f.bytes(dataset.size_bytes)}</td>
                  <td className="number max-md:hidden">{f.count(dataset.documents)}</td>
                  <td className="number max-md:hidden" title={f.count(dataset.tokens)}>{f.compact(dataset.tokens)}</td>
                  <td className="number text-muted max-xl:hidden" title={f.fullTime(dataset.created_at)}>
                    {f.time(dataset.created_at, now)}
                  </td>
                  <td className="text-right">
                    {dataset.status !== "tokenizing" && (
                      <ObstacleButton
                        obstacle={obstacle}
                        label={`Tokenize ${dataset.name}`}
                        onClick={() => {
                          onTokenize(dataset);
                        }}
                      >
                        Tokenize…
                      </ObstacleButton>
                    )}
                  </td>
                </>
              ) : (
                <td colSpan={6} className="max-w-80 py-1.5">
                  <DatasetRun dataset={dataset} inRow />
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Tokenizing({ dataset, live }: { dataset: Dataset; live: Transfer | undefined }) {
  const job = useOperations((state) => state.operations[dataset.tokenize_job_id ?? ""]);
  const progress = newestTransfer(live, job)?.progress ?? null;
  return (
    <>
      <ProgressBar className="w-20 max-md:w-10" value={progress} tone="active" label={`Tokenization of ${dataset.name}`} moving />
      <span className="w-[7ch] text-right text-xs text-muted">{f.progressPercent(progress)}</span>
    </>
  );
}
