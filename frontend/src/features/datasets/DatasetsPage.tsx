/** Datasets: adding one from the disk or a hub, what is on its way, and what there is. */
import { useCallback, useState } from "react";
import { AddPanel } from "@/components/AddPanel";
import { Link } from "@/components/Link";
import { Panel } from "@/components/Panel";
import { EmptyState, ErrorNote, Skeleton } from "@/components/States";
import { useDeletions } from "@/hooks/useDeletions";
import { useFallbackPolling } from "@/hooks/useFallbackPolling";
import { useMilestones } from "@/hooks/useMilestones";
import { useNow } from "@/hooks/useNow";
import { useDatasets, useModels } from "@/hooks/useStores";
import { useDatasetTransfers } from "@/hooks/useTransfersWebSocket";
import type { Dataset } from "@/lib/types/dataset";
import { datasetsStore } from "@/stores/datasetsStore";
import { modelsStore } from "@/stores/modelsStore";
import { DatasetRun } from "./DatasetRun";
import { DatasetsTable } from "./DatasetsTable";
import { TokenizeDialog } from "./TokenizeDialog";

const { fetchDatasets, importDataset, downloadDataset } = datasetsStore.getState();
const TYPES = ["dataset", "model"];

export function DatasetsPage() {
  const datasets = useDatasets((state) => state.datasets);
  const load = useDatasets((state) => state.load);
  const error = useDatasets((state) => state.error);
  const transfers = useDatasets((state) => state.transfers);
  const models = useModels((state) => state.models).filter((model) => model.status === "ready" && model.has_tokenizer);
  const [tokenizing, setTokenizing] = useState<Dataset | null>(null);
  const now = useNow(10_000);
  const coming = datasets.filter((dataset) => dataset.status === "downloading");
  const there = datasets.filter((dataset) => dataset.status !== "downloading");
  useDatasetTransfers(datasets.filter(({ status }) => status === "downloading" || status === "tokenizing").map(({ id }) => id));
  const refetch = useCallback(() => {
    void fetchDatasets();
    void modelsStore.getState().fetchModels();
  }, []);
  useMilestones(TYPES, refetch);
  useDeletions();
  useFallbackPolling(fetchDatasets);

  return (
    <div className="flex flex-col gap-4">
      <AddPanel
        what="dataset"
        path={{ placeholder: "/data/corpus.jsonl.gz", hint: "A .jsonl or .txt file, or either with .gz. The file stays where it is." }}
        hub={{
          placeholder: "owner/name",
          hint: "The .jsonl and .txt files of one split, also with .gz; Parquet isn’t read. From the hub that the server is set to (HF_ENDPOINT); private ones need HF_TOKEN in the worker’s environment.",
          fields: [
            { name: "revision", label: "Revision", placeholder: "main" },
            { name: "split", label: "Split", placeholder: "train" },
          ],
        }}
        onImport={importDataset}
        onDownload={({ repo_id = "", revision = "", split = "", name = "" }) =>
          downloadDataset({
            repo_id,
            ...(revision === "" ? {} : { revision }),
            ...(split === "" ? {} : { split }),
            ...(name === "" ? {} : { name }),
          })
        }
      />
      {error !== null && <ErrorNote onRetry={() => void fetchDatasets()}>{error}</ErrorNote>}
      {coming.length > 0 && (
        <Panel title="On the way" note={coming.length === 1 ? "one dataset" : `${coming.length} datasets`} testId="downloads" bodyClassName="">
          <ul className="divide-y divide-line border-t border-line">
            {coming.map((dataset) => (
              <li key={dataset.id} className="px-4 py-3" data-dataset-id={dataset.id}>
                <Link href={`/datasets/${dataset.id}`} className="mb-1 inline-block max-w-full truncate text-sm font-medium hover:text-accent">
                  {dataset.name}
                </Link>
                <DatasetRun dataset={dataset} />
              </li>
            ))}
          </ul>
        </Panel>
      )}
      {load === "loading" && <Skeleton className="h-32 rounded-lg" />}
      {load === "ready" && datasets.length === 0 && (
        <section className="panel">
          <EmptyState icon="datasets" title="No dataset yet">
            <p>Give the path of a file above, or the name of a dataset on a hub. Then tokenize it with a model’s tokenizer.</p>
          </EmptyState>
        </section>
      )}
      {there.length > 0 && (
        <DatasetsTable
          datasets={there}
          transfers={transfers}
          now={now}
          obstacle={models.length === 0 ? "Import a model with a tokenizer first" : null}
          onTokenize={setTokenizing}
        />
      )}
      {there.length > 0 && models.length === 0 && (
        <p className="text-xs text-muted">
          To tokenize, import a{" "}
          <Link href="/models" className="link">
            model
          </Link>{" "}
          with a tokenizer.
        </p>
      )}
      {tokenizing !== null && (
        <TokenizeDialog
          dataset={tokenizing}
          models={models}
          onClose={() => {
            setTokenizing(null);
          }}
        />
      )}
    </div>
  );
}
