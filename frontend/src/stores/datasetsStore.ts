/** Datasets: the list, importing and downloading one, tokenizing it, and how far what runs on each is. */
import { createStore } from "zustand/vanilla";
import { api, isGone, messageOf, problemOf, type Problem } from "@/lib/api";
import { without } from "@/lib/records";
import { transferOfDataset, type Transfer } from "@/lib/transfer";
import type { Dataset, DatasetDownload, TokenizeRequest } from "@/lib/types/dataset";
import type { DatasetProgress } from "@/lib/types/events";

export interface DatasetsState {
  datasets: Dataset[];
  /** What runs on each, a download or a tokenization. */
  transfers: Record<string, Transfer>;
  load: "loading" | "ready" | "error";
  error: string | null;

  fetchDatasets: () => Promise<void>;
  fetchDataset: (datasetId: string) => Promise<string | null>;
  importDataset: (path: string, name: string) => Promise<Problem | null>;
  downloadDataset: (request: DatasetDownload) => Promise<Problem | null>;
  /** One whose download came to nothing. Returns why it was refused, or null. */
  removeDataset: (datasetId: string) => Promise<string | null>;
  tokenize: (datasetId: string, request: TokenizeRequest) => Promise<Problem | null>;
  /** It was deleted: here, or elsewhere. */
  forgetDataset: (datasetId: string) => void;
  updateTransfer: (datasetId: string, payload: DatasetProgress | null) => void;
  clearTransfer: (datasetId: string) => void;
}

function withDataset(datasets: Dataset[], dataset: Dataset): Dataset[] {
  return datasets.some((other) => other.id === dataset.id)
    ? datasets.map((other) => (other.id === dataset.id ? dataset : other))
    : [dataset, ...datasets];
}

export function createDatasetsStore() {
  return createStore<DatasetsState>()((set, get) => {
    async function add(call: () => Promise<Dataset>): Promise<Problem | null> {
      try {
        const dataset = await call();
        set((state) => ({ datasets: withDataset(state.datasets, dataset) }));
        return null;
      } catch (error) {
        return problemOf(error);
      }
    }

    return {
      datasets: [],
      transfers: {},
      load: "loading",
      error: null,

      fetchDatasets: async () => {
        try {
          const { items } = await api.datasets();
          set({ datasets: items, load: "ready", error: null });
        } catch (error) {
          set((state) => ({ error: messageOf(error), load: state.load === "ready" ? "ready" : "error" }));
        }
      },

      /** One dataset, also one that the list doesn't reach. Returns what went wrong, or null. */
      fetchDataset: async (datasetId) => {
        try {
          const dataset = await api.dataset(datasetId);
          set((state) => ({ datasets: withDataset(state.datasets, dataset) }));
          return null;
        } catch (error) {
          if (isGone(error)) get().forgetDataset(datasetId);
          return messageOf(error);
        }
      },

      removeDataset: async (datasetId) => {
        try {
          await api.removeDataset(datasetId);
        } catch (error) {
          if (!isGone(error)) return messageOf(error);
        }
        get().forgetDataset(datasetId);
        return null;
      },

      forgetDataset: (datasetId) => {
        set((state) => ({
          datasets: state.datasets.filter(({ id }) => id !== datasetId),
          transfers: without(state.transfers, datasetId),
        }));
      },

      importDataset: (path, name) => add(() => api.importDataset(path, name)),
      downloadDataset: (request) => add(() => api.downloadDataset(request)),

      tokenize: async (datasetId, request) => {
        try {
          await api.tokenize(datasetId, request);
        } catch (error) {
          return problemOf(error);
        }
        await get().fetchDataset(datasetId);
        return null;
      },

      updateTransfer: (datasetId, payload) => {
        if (payload === null) return;
        const told = transferOfDataset(payload);
        set((state) => {
          const known = state.transfers[datasetId];
          // Null is "not known now": within one operation the last known number stays.
          const progress = told.progress ?? (known?.operation === told.operation ? known.progress : null);
          return { transfers: { ...state.transfers, [datasetId]: { ...told, progress } } };
        });
      },

      clearTransfer: (datasetId) => {
        set((state) => ({ transfers: without(state.transfers, datasetId) }));
      },
    };
  });
}

export const datasetsStore = createDatasetsStore();
