/** Datasets on the server's disk; importing one; tokenizing it for a model. */
import { useEffect, useState } from "react";
import { ImportForm } from "@/components/ImportForm";
import { EmptyState, ErrorNote, Skeleton } from "@/components/States";
import { useNow } from "@/hooks/useNow";
import { useDatasets, useModels, useOperations } from "@/hooks/useStores";
import * as f from "@/lib/format";
import type { Dataset } from "@/lib/types/dataset";
import { datasetsStore } from "@/stores/datasetsStore";
import { modelsStore } from "@/stores/modelsStore";

const { fetchDatasets, importDataset, tokenize } = datasetsStore.getState();

export function DatasetsPage() {
  const datasets = useDatasets((state) => state.datasets);
  const load = useDatasets((state) => state.load);
  const error = useDatasets((state) => state.error);
  const importing = useDatasets((state) => state.importing);
  const importError = useDatasets((state) => state.importError);
  const models = useModels((state) => state.models);
  const operations = useOperations((state) => state.operations);
  const now = useNow(10_000);

  // A tokenization that starts or ends changes its dataset.
  const milestones = Object.values(operations)
    .filter((job) => job.entity_type === "dataset")
    .map((job) => `${job.id}:${job.finished_at ?? ""}`)
    .sort()
    .join(",");
  useEffect(() => {
    void fetchDatasets();
  }, [milestones]);
  useEffect(() => {
    void modelsStore.getState().fetchModels();
  }, []);

  return (
    <div className="flex flex-col gap-4">
      <ImportForm
        what="dataset"
        hint="A .jsonl or .txt file, or either with .gz. The file stays where it is."
        placeholder="/data/corpus.jsonl.gz"
        busy={importing}
        error={importError}
        onImport={importDataset}
      />
      {error !== null && <ErrorNote onRetry={() => void fetchDatasets()}>{error}</ErrorNote>}
      {load === "loading" && <Skeleton className="h-32 rounded-lg" />}
      {load === "ready" && datasets.length === 0 && (
        <section className="panel">
          <EmptyState icon="datasets" title="No dataset yet">
            <p>Give the path of a file above.</p>
          </EmptyState>
        </section>
      )}
      {datasets.length > 0 && (
        <div className="panel overflow-x-auto" tabIndex={0}>
          <table className="table">
            <thead>
              <tr>
                <th scope="col">Name</th>
                <th scope="col">State</th>
                <th scope="col">Format</th>
                <th scope="col" className="number">Size</th>
                <th scope="col" className="number">Documents</th>
                <th scope="col" className="number">Tokens</th>
                <th scope="col" className="number">Added</th>
                <th scope="col">
                  <span className="sr-only">Actions</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {datasets.map((dataset) => {
                const job = dataset.tokenize_job_id === null ? undefined : operations[dataset.tokenize_job_id];
                return (
                  <tr key={dataset.id} data-testid="dataset-row">
                    <td className="max-w-60 py-1.5">
                      <div className="truncate font-medium">{dataset.name}</div>
                      <div className="truncate font-mono text-2xs text-faint" title={dataset.path}>
                        {dataset.path}
                      </div>
                    </td>
                    <td className={dataset.status === "failed" ? "text-red" : dataset.status === "tokenized" ? "text-green" : "text-muted"}>
                      {dataset.status}
                      {dataset.status === "tokenizing" && job !== undefined && ` ${f.progressPercent(job.progress)}`}
                    </td>
                    <td className="text-muted">
                      {dataset.format ?? f.UNKNOWN}
                      {dataset.compressed === true && ", gzip"}
                    </td>
                    <td className="number">{f.bytes(dataset.size_bytes)}</td>
                    <td className="number">{f.count(dataset.documents)}</td>
                    <td className="number">{f.compact(dataset.tokens)}</td>
                    <td className="number text-muted" title={f.fullTime(dataset.created_at)}>
                      {f.time(dataset.created_at, now)}
                    </td>
                    <td>
                      <TokenizeButton dataset={dataset} models={models.filter((model) => model.has_tokenizer)} />
                    </td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </div>
      )}
    </div>
  );
}

function TokenizeButton({ dataset, models }: { dataset: Dataset; models: { id: string; name: string }[] }) {
  const [modelId, setModelId] = useState("");
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  if (dataset.status !== "ready" && dataset.status !== "failed") return null;
  if (models.length === 0) return <span className="text-xs text-faint">needs a model with a tokenizer</span>;
  const chosen = modelId === "" ? (models[0]?.id ?? "") : modelId;
  return (
    <div className="flex items-center justify-end gap-2">
      {problem !== null && (
        <span role="alert" className="max-w-48 truncate text-xs text-red" title={problem}>
          {problem}
        </span>
      )}
      <select
        aria-label={`Model whose tokenizer reads ${dataset.name}`}
        className="field h-[26px] max-w-36 py-0 text-xs"
        value={chosen}
        onChange={(event) => {
          setModelId(event.target.value);
        }}
      >
        {models.map((model) => (
          <option key={model.id} value={model.id}>
            {model.name}
          </option>
        ))}
      </select>
      <button
        type="button"
        className="button"
        disabled={busy}
        onClick={() => {
          setBusy(true);
          void tokenize(dataset.id, chosen).then((message) => {
            setBusy(false);
            setProblem(message);
          });
        }}
      >
        Tokenize
      </button>
    </div>
  );
}
