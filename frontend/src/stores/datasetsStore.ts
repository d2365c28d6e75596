/** Datasets: the list, importing a file, starting a tokenization. */
import { createStore } from "zustand/vanilla";
import { api, messageOf } from "@/lib/api";
import type { Dataset } from "@/lib/types/dataset";

export interface DatasetsState {
  datasets: Dataset[];
  load: "loading" | "ready" | "error";
  error: string | null;
  importing: boolean;
  importError: string | null;

  fetchDatasets: () => Promise<void>;
  importDataset: (path: string, name: string) => Promise<boolean>;
  tokenize: (datasetId: string, modelId: string) => Promise<string | null>;
}

export function createDatasetsStore() {
  return createStore<DatasetsState>()((set, get) => ({
    datasets: [],
    load: "loading",
    error: null,
    importing: false,
    importError: null,

    fetchDatasets: async () => {
      try {
        const { items } = await api.datasets();
        set({ datasets: items, load: "ready", error: null });
      } catch (error) {
        set((state) => ({ error: messageOf(error), load: state.load === "ready" ? "ready" : "error" }));
      }
    },

    importDataset: async (path, name) => {
      set({ importing: true, importError: null });
      try {
        const dataset = await api.importDataset(path, name);
        set((state) => ({
          datasets: [dataset, ...state.datasets.filter((other) => other.id !== dataset.id)],
          importing: false,
        }));
        return true;
      } catch (error) {
        set({ importing: false, importError: messageOf(error) });
        return false;
      }
    },

    /** Returns what went wrong, or null. */
    tokenize: async (datasetId, modelId) => {
      try {
        await api.tokenize(datasetId, modelId);
        await get().fetchDatasets();
        return null;
      } catch (error) {
        return messageOf(error);
      }
    },
  }));
}

export const datasetsStore = createDatasetsStore();
