/** Models, and the extraction that runs on each. */
import { createStore } from "zustand/vanilla";
import { api, messageOf } from "@/lib/api";
import type { ExtractionFailed, ExtractionProgress } from "@/lib/types/events";
import type { Model } from "@/lib/types/model";

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
  extractionProgress: Record<string, ExtractionState>;
  load: "loading" | "ready" | "error";
  error: string | null;
  importing: boolean;
  importError: string | null;

  fetchModels: () => Promise<void>;
  importModel: (path: string, name: string) => Promise<boolean>;
  updateExtractionProgress: (modelId: string, payload: ExtractionProgress | null) => void;
  completeExtraction: (modelId: string, payload: ExtractionProgress | null) => void;
  failExtraction: (modelId: string, payload: ExtractionFailed | null) => void;
  clearExtractionProgress: (modelId: string) => void;
}

export function createModelsStore() {
  return createStore<ModelsState>()((set) => {
    function keep(modelId: string, change: (known: ExtractionState | undefined) => ExtractionState): void {
      set((state) => ({
        extractionProgress: { ...state.extractionProgress, [modelId]: change(state.extractionProgress[modelId]) },
      }));
    }

    return {
      models: [],
      extractionProgress: {},
      load: "loading",
      error: null,
      importing: false,
      importError: null,

      fetchModels: async () => {
        try {
          const { items } = await api.models();
          set({ models: items, load: "ready", error: null });
        } catch (error) {
          set((state) => ({ error: messageOf(error), load: state.load === "ready" ? "ready" : "error" }));
        }
      },

      importModel: async (path, name) => {
        set({ importing: true, importError: null });
        try {
          const model = await api.importModel(path, name);
          set((state) => ({ models: [model, ...state.models.filter((other) => other.id !== model.id)], importing: false }));
          return true;
        } catch (error) {
          set({ importing: false, importError: messageOf(error) });
          return false;
        }
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
        set((state) => ({
          extractionProgress: Object.fromEntries(Object.entries(state.extractionProgress).filter(([id]) => id !== modelId)),
        }));
      },
    };
  });
}

export const modelsStore = createModelsStore();
