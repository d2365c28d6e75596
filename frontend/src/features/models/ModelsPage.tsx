/** Models: adding one from the disk or a hub, what is on its way, and what there is. */
import { useCallback, useState } from "react";
import { AddPanel } from "@/components/AddPanel";
import { Link } from "@/components/Link";
import { Panel } from "@/components/Panel";
import { EmptyState, ErrorNote, Skeleton } from "@/components/States";
import { useExtractionsWebSocket } from "@/hooks/useExtractionsWebSocket";
import { useDeletions } from "@/hooks/useDeletions";
import { useFallbackPolling } from "@/hooks/useFallbackPolling";
import { useMilestones } from "@/hooks/useMilestones";
import { useNow } from "@/hooks/useNow";
import { useDatasets, useModels } from "@/hooks/useStores";
import { useModelDownloads } from "@/hooks/useTransfersWebSocket";
import { navigate } from "@/lib/router";
import type { Model } from "@/lib/types/model";
import { datasetsStore } from "@/stores/datasetsStore";
import { modelsStore } from "@/stores/modelsStore";
import { ExtractDialog } from "./ExtractDialog";
import { ModelDownload } from "./ModelDownload";
import { ModelsTable } from "./ModelsTable";

const { fetchModels, importModel, downloadModel } = modelsStore.getState();
const TYPES = ["model", "extraction", "dataset"];

function filesOf(text: string): string[] {
  return text.split(/[\s,]+/).filter((part) => part !== "");
}

export function ModelsPage() {
  const models = useModels((state) => state.models);
  const load = useModels((state) => state.load);
  const error = useModels((state) => state.error);
  const extractions = useModels((state) => state.extractions);
  const running = useModels((state) => state.extractionProgress);
  const tokenized = useDatasets((state) => state.datasets).filter((dataset) => dataset.status === "tokenized");
  const [extracting, setExtracting] = useState<Model | null>(null);
  const now = useNow(10_000);
  const coming = models.filter((model) => model.status === "downloading");
  const there = models.filter((model) => model.status !== "downloading");
  useExtractionsWebSocket(there.map((model) => model.id));
  useModelDownloads(coming.map((model) => model.id));
  const refetch = useCallback(() => {
    void fetchModels();
    void datasetsStore.getState().fetchDatasets();
  }, []);
  useMilestones(TYPES, refetch);
  useDeletions();
  useFallbackPolling(fetchModels);

  const counts: Record<string, number> = {};
  for (const { model_id } of extractions) counts[model_id] = (counts[model_id] ?? 0) + 1;

  return (
    <div className="flex flex-col gap-4">
      <AddPanel
        what="model"
        path={{ placeholder: "/models/gpt2", hint: "A folder with config.json, safetensors and, for text, tokenizer.json. The files stay where they are." }}
        hub={{
          placeholder: "openai-community/gpt2",
          hint: "From the hub that the server is set to (HF_ENDPOINT). Private models need HF_TOKEN in the worker’s environment; it is never asked for here.",
          fields: [
            { name: "revision", label: "Revision", placeholder: "main" },
            { name: "files", label: "Files, if not the usual", placeholder: "config.json, …" },
          ],
        }}
        onImport={importModel}
        onDownload={({ repo_id = "", revision = "", files = "", name = "" }) =>
          downloadModel({
            repo_id,
            ...(revision === "" ? {} : { revision }),
            ...(filesOf(files).length === 0 ? {} : { files: filesOf(files) }),
            ...(name === "" ? {} : { name }),
          })
        }
      />
      {error !== null && <ErrorNote onRetry={() => void fetchModels()}>{error}</ErrorNote>}
      {coming.length > 0 && (
        <Panel title="On the way" note={coming.length === 1 ? "one model" : `${coming.length} models`} testId="downloads" bodyClassName="">
          <ul className="divide-y divide-line border-t border-line">
            {coming.map((model) => (
              <li key={model.id} className="px-4 py-3" data-model-id={model.id}>
                <Link href={`/models/${model.id}`} className="mb-1 inline-block max-w-full truncate text-sm font-medium hover:text-accent">
                  {model.name}
                </Link>
                <ModelDownload model={model} />
              </li>
            ))}
          </ul>
        </Panel>
      )}
      {load === "loading" && <Skeleton className="h-32 rounded-lg" />}
      {load === "ready" && models.length === 0 && (
        <section className="panel">
          <EmptyState icon="models" title="No model yet">
            <p>Give the path of a folder above, or the name of one on a hub. Then tokenize a dataset with it, and extract its activations.</p>
          </EmptyState>
        </section>
      )}
      {there.length > 0 && (
        <ModelsTable
          models={there}
          extractions={counts}
          running={running}
          now={now}
          obstacle={tokenized.length === 0 ? "Tokenize a dataset first" : null}
          onExtract={setExtracting}
        />
      )}
      {extracting !== null && (
        <ExtractDialog
          model={extracting}
          datasets={tokenized}
          onStarted={() => {
            navigate(`/models/${extracting.id}`);
          }}
          onClose={() => {
            setExtracting(null);
          }}
        />
      )}
    </div>
  );
}
