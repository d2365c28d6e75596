/** What trainings refer to by id, for lists that name it: extractions, and the models and datasets behind them. */
import { createStore } from "zustand/vanilla";
import { api, messageOf } from "@/lib/api";
import type { Lookup } from "@/lib/trainingTable/columns";
import type { References } from "@/lib/trainingTable/order";
import type { TrainingRow } from "@/lib/trainingTable/row";
import type { Extraction } from "@/lib/types/model";

export interface ReferencesState {
  extractions: ReadonlyMap<string, Extraction>;
  modelNames: ReadonlyMap<string, string>;
  datasetNames: ReadonlyMap<string, string>;
  error: string | null;
  load: "loading" | "ready" | "error";
  fetchReferences: () => Promise<void>;
}

export function createReferencesStore() {
  return createStore<ReferencesState>()((set) => ({
    extractions: new Map(),
    modelNames: new Map(),
    datasetNames: new Map(),
    error: null,
    load: "loading",

    fetchReferences: async () => {
      try {
        const [extractions, models, datasets] = await Promise.all([api.extractions(), api.models(), api.datasets()]);
        set({
          extractions: new Map(extractions.items.map((each) => [each.id, each])),
          modelNames: new Map(models.items.map(({ id, name }) => [id, name])),
          datasetNames: new Map(datasets.items.map(({ id, name }) => [id, name])),
          error: null,
          load: "ready",
        });
      } catch (error) {
        set((state) => ({ error: messageOf(error), load: state.load === "ready" ? "ready" : "error" }));
      }
    },
  }));
}

export const referencesStore = createReferencesStore();

type Known = Pick<ReferencesState, "extractions" | "modelNames" | "datasetNames">;

/** Where a training's activations come from; a fine-tuning names model and dataset itself. */
export function referencesOf({ extractions }: Known): References {
  const through = (row: TrainingRow) => (row.extraction_id === null ? undefined : extractions.get(row.extraction_id));
  return {
    modelOf: (row) => row.model_id ?? through(row)?.model_id ?? null,
    datasetOf: (row) => row.dataset_id ?? through(row)?.dataset_id ?? null,
  };
}

/** Names, where they are known; else the id, which is true at least. */
export function lookupOf(known: Known): Lookup {
  const { modelOf, datasetOf } = referencesOf(known);
  const named = (names: ReadonlyMap<string, string>, id: string | null) => (id === null ? null : (names.get(id) ?? id));
  return {
    extraction: (id) => known.extractions.get(id)?.name ?? id,
    model: (row) => named(known.modelNames, modelOf(row)),
    dataset: (row) => named(known.datasetNames, datasetOf(row)),
  };
}
