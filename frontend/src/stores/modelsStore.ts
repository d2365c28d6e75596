/** Models: the list, importing and downloading one, how far each download is, the extraction that runs on each. */
import { createStore } from "zustand/vanilla";
import { api, isGone, messageOf, problemOf, type Problem } from "@/lib/api";
import { without } from "@/lib/records";
import { transferOfModel, type Transfer } from "@/lib/transfer";
import type { ExtractionFailed, ExtractionProgress, ModelProgress } from "@/lib/types/events";
import type { Extraction, Model, ModelDownload } from "@/lib/types/model";

export interface ExtractionState {
  extraction_id: string;
  status: "running" | "completed" | "failed";
  phase: string | null;
  progress: number | null;
  samples_processed: number | null;
  samples_total: number | null;
  samples_per_second: number | null;
  eta_seconds: number | null;
  message: string | null;
  error_type: string | null;
  error_message: string | null;
}

export interface ModelsState {
  models: Model[];
  /** Newest first, of all models: what is listed, and how many there are of each. */
  extractions: Extraction[];
  extractionProgress: Record<string, ExtractionState>;
  downloads: Record<string, Transfer>;
  load: "loading" | "ready" | "error";
  error: string | null;

  fetchModels: () => Promise<void>;
  fetchModel: (modelId: string) => Promise<string | null>;
  importModel: (path: string, name: string) => Promise<Problem | null>;
  downloadModel: (request: ModelDownload) => Promise<Problem | null>;
  /** One whose download came to nothing. Returns why it was refused, or null. */
  removeModel: (modelId: string) => Promise<string | null>;
  /** It was deleted: here, or elsewhere. */
  forgetModel: (modelId: string) => void;
  updateDownload: (modelId: string, payload: ModelProgress | null) => void;
  clearDownload: (modelId: string) => void;
  updateExtractionProgress: (modelId: string, payload: ExtractionProgress | null) => void;
  completeExtraction: (modelId: string, payload: ExtractionProgress | null) => void;
  failExtraction: (modelId: string, payload: ExtractionFailed | null) => void;
  clearExtractionProgress: (modelId: string) => void;
}

function withModel(models: Model[], model: Model): Model[] {
  return models.some((other) => other.id === model.id)
    ? models.map((other) => (other.id === model.id ? model : other))
    : [model, ...models];
}

export function createModelsStore() {
  return createStore<ModelsState>()((set, get) => {
    function keep(modelId: string, change: (known: ExtractionState | undefined) => ExtractionState): void {
      set((state) => ({
        extractionProgress: { ...state.extractionProgress, [modelId]: change(state.extractionProgress[modelId]) },
      }));
    }

    async function add(call: () => Promise<Model>): Promise<Problem | null> {
      try {
        const model = await call();
        set((state) => ({ models: withModel(state.models, model) }));
        return null;
      } catch (error) {
        return problemOf(error);
      }
    }

    return {
      models: [],
      extractions: [],
      extractionProgress: {},
      downloads: {},
      load: "loading",
      error: null,

      fetchModels: async () => {
        try {
          const [{ items }, { items: extractions }] = await Promise.all([api.models(), api.extractions()]);
          set({ models: items, extractions, load: "ready", error: null });
        } catch (error) {
          set((state) => ({ error: messageOf(error), load: state.load === "ready" ? "ready" : "error" }));
        }
      },

      /** One model with its extractions, also one that the list doesn't reach. Returns what went wrong, or null. */
      fetchModel: async (modelId) => {
        try {
          const [model, { items }] = await Promise.all([api.model(modelId), api.extractionsOf(modelId)]);
          set((state) => ({
            models: withModel(state.models, model),
            extractions: [...items, ...state.extractions.filter((other) => other.model_id !== modelId)],
          }));
          return null;
        } catch (error) {
          if (isGone(error)) get().forgetModel(modelId);
          return messageOf(error);
        }
      },

      removeModel: async (modelId) => {
        try {
          await api.removeModel(modelId);
        } catch (error) {
          if (!isGone(error)) return messageOf(error);
        }
        get().forgetModel(modelId);
        return null;
      },

      forgetModel: (modelId) => {
        set((state) => ({
          models: state.models.filter(({ id }) => id !== modelId),
          downloads: without(state.downloads, modelId),
        }));
      },

      importModel: (path, name) => add(() => api.importModel(path, name)),
      downloadModel: (request) => add(() => api.downloadModel(request)),

      updateDownload: (modelId, payload) => {
        if (payload === null) return;
        const told = transferOfModel(payload);
        set((state) => {
          const known = state.downloads[modelId];
          // Null is "not known now": the last number stays.
          return { downloads: { ...state.downloads, [modelId]: { ...told, progress: told.progress ?? known?.progress ?? null } } };
        });
      },

      clearDownload: (modelId) => {
        set((state) => ({ downloads: without(state.downloads, modelId) }));
      },

      updateExtractionProgress: (modelId, payload) => {
        if (payload === null) return;
        keep(modelId, (known) => ({
          extraction_id: payload.extraction_id,
          status: "running",
          phase: payload.phase,
          // Null is "not known now": within one extraction the last known number stays.
          progress: payload.progress ?? (known?.extraction_id === payload.extraction_id ? known.progress : null),
          samples_processed: payload.samples_processed,
          samples_total: payload.samples_total,
          samples_per_second: payload.samples_per_second,
          eta_seconds: payload.eta_seconds,
          message: payload.message,
          error_type: null,
          error_message: null,
        }));
      },

      completeExtraction: (modelId, payload) => {
        if (payload === null) return;
        keep(modelId, () => ({
          extraction_id: payload.extraction_id,
          status: "completed",
          phase: null,
          progress: 100,
          samples_processed: payload.samples_processed,
          samples_total: payload.samples_total,
          samples_per_second: payload.samples_per_second,
          eta_seconds: null,
          message: payload.message,
          error_type: null,
          error_message: null,
        }));
      },

      failExtraction: (modelId, payload) => {
        if (payload === null) return;
        keep(modelId, (known) => ({
          extraction_id: payload.extraction_id,
          status: "failed",
          phase: known?.phase ?? null,
          progress: payload.progress ?? known?.progress ?? null,
          samples_processed: known?.samples_processed ?? null,
          samples_total: known?.samples_total ?? null,
          samples_per_second: null,
          eta_seconds: null,
          message: null,
          error_type: payload.error_type,
          error_message: payload.error_message,
        }));
      },

      clearExtractionProgress: (modelId) => {
        set((state) => ({ extractionProgress: without(state.extractionProgress, modelId) }));
      },
    };
  });
}

export const modelsStore = createModelsStore();
