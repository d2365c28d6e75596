import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { api, ApiError } from "@/lib/api";
import type { ExtractionFailed, ExtractionProgress } from "@/lib/types/events";
import { createModelsStore } from "@/stores/modelsStore";
import { coming, extraction as listed, model, modelProgress } from "../support/catalog";
import { Peer } from "../support/peer";
import { ENVELOPE } from "../support/samples";

function extraction(changes: Partial<ExtractionProgress> = {}): ExtractionProgress {
  return {
    ...ENVELOPE,
    model_id: "mdl_1",
    extraction_id: "ext_1",
    phase: "extracting",
    progress: 31,
    samples_processed: 310,
    samples_total: 1000,
    samples_per_second: 80,
    eta_seconds: 9,
    message: null,
    ...changes,
  };
}

const failure: ExtractionFailed = {
  ...ENVELOPE,
  model_id: "mdl_1",
  extraction_id: "ext_1",
  progress: 47,
  error_type: "DISK_FULL",
  error_message: "no space left",
  suggested_retry_params: null,
  retry_available: true,
};

describe("modelsStore", () => {
  it("updates extraction progress", () => {
    const store = createModelsStore();
    store.getState().updateExtractionProgress("mdl_1", extraction());
    store.getState().updateExtractionProgress("mdl_2", extraction({ model_id: "mdl_2", progress: 5 }));
    const { extractionProgress } = store.getState();
    expect(extractionProgress["mdl_1"]).toMatchObject({ status: "running", progress: 31, samples_processed: 310 });
    expect(extractionProgress["mdl_2"]?.progress).toBe(5);
  });

  it("keeps the last progress when an extraction fails", () => {
    const store = createModelsStore();
    store.getState().updateExtractionProgress("mdl_1", extraction({ progress: 47 }));
    store.getState().failExtraction("mdl_1", failure);
    expect(store.getState().extractionProgress["mdl_1"]).toMatchObject({
      status: "failed",
      progress: 47,
      error_type: "DISK_FULL",
      error_message: "no space left",
    });
  });

  it("clears extraction progress of one model", () => {
    const store = createModelsStore();
    store.getState().updateExtractionProgress("mdl_1", extraction());
    store.getState().updateExtractionProgress("mdl_2", extraction({ model_id: "mdl_2" }));
    store.getState().clearExtractionProgress("mdl_1");
    expect(Object.keys(store.getState().extractionProgress)).toEqual(["mdl_2"]);
  });

  it("takes null data without losing what it has", () => {
    const store = createModelsStore();
    store.getState().updateExtractionProgress("mdl_1", extraction({ progress: 31 }));
    store.getState().updateExtractionProgress("mdl_1", null);
    store.getState().updateExtractionProgress("mdl_1", extraction({ progress: null, samples_processed: null }));
    store.getState().failExtraction("mdl_9", null);
    expect(store.getState().extractionProgress["mdl_1"]).toMatchObject({ progress: 31, samples_processed: null });
    expect(store.getState().extractionProgress["mdl_9"]).toBeUndefined();
  });

  it("does not carry progress over to another extraction", () => {
    const store = createModelsStore();
    store.getState().updateExtractionProgress("mdl_1", extraction({ progress: 80 }));
    store.getState().updateExtractionProgress("mdl_1", extraction({ extraction_id: "ext_2", progress: null }));
    expect(store.getState().extractionProgress["mdl_1"]?.progress).toBeNull();
  });
});

describe("modelsStore: downloads", () => {
  it("follows each download by itself, by bytes", () => {
    const store = createModelsStore();
    store.getState().updateDownload("mdl_1", modelProgress());
    store.getState().updateDownload("mdl_2", modelProgress({ model_id: "mdl_2", progress: 7 }));
    expect(store.getState().downloads["mdl_1"]).toMatchObject({ progress: 40, done: 400, total: 1000, unit: "bytes", file: "model.safetensors" });
    store.getState().clearDownload("mdl_1");
    expect(Object.keys(store.getState().downloads)).toEqual(["mdl_2"]);
  });

  it("takes null data without losing what it has", () => {
    const store = createModelsStore();
    store.getState().updateDownload("mdl_1", modelProgress());
    store.getState().updateDownload("mdl_1", null);
    store.getState().updateDownload("mdl_1", modelProgress({ progress: null, bytes_total: null }));
    expect(store.getState().downloads["mdl_1"]).toMatchObject({ progress: 40, total: null });
  });

  it("knows how an extraction ended", () => {
    const store = createModelsStore();
    store.getState().updateExtractionProgress("mdl_1", extraction());
    store.getState().completeExtraction("mdl_1", null);
    store.getState().completeExtraction("mdl_1", extraction({ progress: 100 }));
    expect(store.getState().extractionProgress["mdl_1"]).toMatchObject({ status: "completed", progress: 100, eta_seconds: null });
  });
});

describe("modelsStore: what REST tells", () => {
  let peer: Peer;
  beforeEach(async () => {
    peer = new Peer();
    await peer.start();
  });
  afterEach(async () => {
    await peer.stop();
  });

  it("reads models with their extractions, and keeps them when they can't be read again", async () => {
    const store = createModelsStore();
    await store.getState().fetchModels();
    expect(store.getState().load).toBe("error");
    peer.rest.set("/models", { items: [model()], next_cursor: null });
    peer.rest.set("/extractions", { items: [listed()], next_cursor: null });
    await store.getState().fetchModels();
    expect(store.getState()).toMatchObject({ load: "ready", error: null });
    peer.rest.delete("/extractions");
    await store.getState().fetchModels();
    expect(store.getState()).toMatchObject({ load: "ready" });
    expect(store.getState().error).toMatch(/nothing at/);
    expect(store.getState().models).toHaveLength(1);
  });

  it("reads one model in the place of what was known, and only its extractions", async () => {
    const store = createModelsStore();
    peer.rest.set("/models", { items: [coming()], next_cursor: null });
    peer.rest.set("/extractions", { items: [listed({ id: "ext_9", model_id: "mdl_9" })], next_cursor: null });
    await store.getState().fetchModels();
    peer.rest.set("/models/mdl_1", model());
    peer.rest.set("/extractions", (query: URLSearchParams) => ({ items: query.get("model_id") === "mdl_1" ? [listed()] : [], next_cursor: null }));
    expect(await store.getState().fetchModel("mdl_1")).toBeNull();
    expect(store.getState().models.map(({ status }) => status)).toEqual(["ready"]);
    expect(store.getState().extractions.map(({ id }) => id)).toEqual(["ext_1", "ext_9"]);
    expect(await store.getState().fetchModel("mdl_8")).toMatch(/nothing at/);
  });

  it("adds what was imported or is being downloaded, or says what is wrong", async () => {
    const store = createModelsStore();
    expect(await store.getState().importModel("/x", "")).toEqual({ field: null, message: "nothing at /models" });
    peer.rest.set("/models", coming());
    expect(await store.getState().downloadModel({ repo_id: "test/gpt2-tiny" })).toBeNull();
    expect(await store.getState().importModel("/x", "name")).toBeNull();
    expect(store.getState().models.map(({ id }) => id)).toEqual(["mdl_1"]);
  });

  it("removes what came to nothing, also if it is gone already, and says why it can't otherwise", async () => {
    const store = createModelsStore();
    store.setState({ models: [coming(), model({ id: "mdl_2" })] });
    vi.spyOn(api, "removeModel").mockRejectedValueOnce(new ApiError("it is downloading", 409, "conflict")).mockRejectedValueOnce(new ApiError("no such model", 404, "not_found"));
    expect(await store.getState().removeModel("mdl_1")).toBe("it is downloading");
    expect(store.getState().models).toHaveLength(2);
    expect(await store.getState().removeModel("mdl_1")).toBeNull();
    expect(store.getState().models.map(({ id }) => id)).toEqual(["mdl_2"]);
    vi.restoreAllMocks();
  });
});
