/** Models on the server's disk; importing one; the extraction that runs on each. */
import { useEffect, useState } from "react";
import { ImportForm } from "@/components/ImportForm";
import { ProgressBar } from "@/components/ProgressBar";
import { EmptyState, ErrorNote, Skeleton } from "@/components/States";
import { useExtractionsWebSocket } from "@/hooks/useExtractionsWebSocket";
import { useNow } from "@/hooks/useNow";
import { useDatasets, useModels } from "@/hooks/useStores";
import * as f from "@/lib/format";
import type { Model } from "@/lib/types/model";
import { datasetsStore } from "@/stores/datasetsStore";
import { modelsStore } from "@/stores/modelsStore";
import { ExtractDialog } from "./ExtractDialog";

const { fetchModels, importModel } = modelsStore.getState();

export function ModelsPage() {
  const models = useModels((state) => state.models);
  const load = useModels((state) => state.load);
  const error = useModels((state) => state.error);
  const importing = useModels((state) => state.importing);
  const importError = useModels((state) => state.importError);
  const extractions = useModels((state) => state.extractionProgress);
  const tokenized = useDatasets((state) => state.datasets).filter((dataset) => dataset.status === "tokenized");
  const [extracting, setExtracting] = useState<Model | null>(null);
  const now = useNow(10_000);
  useExtractionsWebSocket(models.map((model) => model.id));
  useEffect(() => {
    void fetchModels();
    void datasetsStore.getState().fetchDatasets();
  }, []);

  return (
    <div className="flex flex-col gap-4">
      <ImportForm
        what="model"
        hint="A folder with config.json, safetensors and, for text, tokenizer.json. The files stay where they are."
        placeholder="/models/gpt2"
        busy={importing}
        error={importError}
        onImport={importModel}
      />
      {error !== null && <ErrorNote onRetry={() => void fetchModels()}>{error}</ErrorNote>}
      {load === "loading" && <Skeleton className="h-32 rounded-lg" />}
      {load === "ready" && models.length === 0 && (
        <section className="panel">
          <EmptyState icon="models" title="No model yet">
            <p>Give the path of one above.</p>
          </EmptyState>
        </section>
      )}
      {models.length > 0 && (
        <div className="panel overflow-x-auto" tabIndex={0}>
          <table className="table">
            <thead>
              <tr>
                <th scope="col">Name</th>
                <th scope="col">Architecture</th>
                <th scope="col" className="number">Layers</th>
                <th scope="col" className="number">Width</th>
                <th scope="col" className="number">Parameters</th>
                <th scope="col" className="number">Size</th>
                <th scope="col">Extraction</th>
                <th scope="col" className="number">Added</th>
                <th scope="col">
                  <span className="sr-only">Actions</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {models.map((model) => {
                const extraction = extractions[model.id];
                return (
                  <tr key={model.id} data-testid="model-row">
                    <td className="max-w-60 py-1.5">
                      <div className="truncate font-medium">{model.name}</div>
                      <div className="truncate font-mono text-2xs text-faint" title={model.path}>
                        {model.path}
                      </div>
                    </td>
                    <td className="text-muted">
                      {model.architecture ?? f.UNKNOWN}
                      {!model.has_tokenizer && <span className="ml-2 text-xs text-amber">no tokenizer</span>}
                    </td>
                    <td className="number">{f.count(model.n_layers)}</td>
                    <td className="number">{f.count(model.width)}</td>
                    <td className="number">{f.compact(model.parameters)}</td>
                    <td className="number">{f.bytes(model.size_bytes)}</td>
                    <td>
                      {extraction === undefined ? (
                        <span className="text-faint">{f.UNKNOWN}</span>
                      ) : (
                        <div className="flex items-center gap-2.5">
                          <ProgressBar
                            className="w-20"
                            value={extraction.progress}
                            tone={extraction.status === "failed" ? "failure" : extraction.status === "completed" ? "done" : "active"}
                            label={`Extraction on ${model.name}`}
                            moving={extraction.status === "running"}
                          />
                          <span className="w-[10ch] text-xs text-muted">
                            {extraction.status === "running" ? f.progressPercent(extraction.progress) : extraction.status}
                          </span>
                        </div>
                      )}
                    </td>
                    <td className="number text-muted" title={f.fullTime(model.created_at)}>
                      {f.time(model.created_at, now)}
                    </td>
                    <td className="text-right">
                      <button
                        type="button"
                        className="button"
                        disabled={tokenized.length === 0}
                        title={tokenized.length === 0 ? "Tokenize a dataset first" : undefined}
                        aria-label={`Extract activations from ${model.name}`}
                        onClick={() => {
                          setExtracting(model);
                        }}
                      >
                        Extract…
                      </button>
                    </td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </div>
      )}
      {extracting !== null && (
        <ExtractDialog
          model={extracting}
          datasets={tokenized}
          onClose={() => {
            setExtracting(null);
          }}
        />
      )}
    </div>
  );
}
