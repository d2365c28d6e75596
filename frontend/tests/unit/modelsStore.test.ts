import { describe, expect, it } from "vitest";
import type { ExtractionFailed, ExtractionProgress } from "@/lib/types/events";
import { createModelsStore } from "@/stores/modelsStore";
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
