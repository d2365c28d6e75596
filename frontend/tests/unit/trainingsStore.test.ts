import { afterEach, describe, expect, it, vi } from "vitest";
import { createTrainingsStore, lineIndex } from "@/stores/trainingsStore";
import { api } from "@/lib/api";
import { ENVELOPE, metricRow, progress, training } from "../support/samples";

afterEach(() => {
  vi.restoreAllMocks();
});

describe("trainingsStore", () => {
  it("updates a training from the WebSocket", () => {
    const store = createTrainingsStore();
    store.getState().updateTrainingProgress(progress({ progress: 20, loss: 0.25 }));
    expect(store.getState().trainings["trn_1"]).toMatchObject({ progress: 20, loss: 0.25, current_step: 300, status: "running" });
  });

  it("keeps several trainings at once apart", () => {
    const store = createTrainingsStore();
    for (const [i, id] of ["a", "b", "c"].entries()) {
      store.getState().updateTrainingProgress(progress({ training_id: id, progress: 10 * (i + 1), loss: i }));
    }
    store.getState().completeTraining({ ...ENVELOPE, training_id: "b", progress: 100, final_loss: 0.01, duration_seconds: 9 });
    const { trainings } = store.getState();
    expect([trainings["a"]?.progress, trainings["b"]?.progress, trainings["c"]?.progress]).toEqual([10, 100, 30]);
    expect([trainings["a"]?.status, trainings["b"]?.status, trainings["c"]?.status]).toEqual(["running", "completed", "running"]);
  });

  it("sets progress to 100 on completion", () => {
    const store = createTrainingsStore();
    store.getState().updateTrainingProgress(progress({ progress: 99.9 }));
    store.getState().completeTraining({ ...ENVELOPE, training_id: "trn_1", progress: 100, final_loss: 0.02, duration_seconds: 30 });
    expect(store.getState().trainings["trn_1"]).toMatchObject({ status: "completed", progress: 100, final_loss: 0.02, eta_seconds: null });
  });

  it("keeps the last progress on failure", () => {
    const store = createTrainingsStore();
    store.getState().updateTrainingProgress(progress({ progress: 42 }));
    store.getState().failTraining({
      ...ENVELOPE,
      training_id: "trn_1",
      progress: null,
      error_type: "OOM",
      error_message: "out of memory",
      suggested_retry_params: { batch_size: 512 },
    });
    expect(store.getState().trainings["trn_1"]).toMatchObject({ status: "failed", progress: 42, error_type: "OOM" });
  });

  it("is not taken back from an end by a report told again", () => {
    const store = createTrainingsStore();
    store.getState().completeTraining({ ...ENVELOPE, training_id: "trn_1", progress: 100, final_loss: 0.02, duration_seconds: 30 });
    store.getState().updateTrainingProgress(progress({ progress: 99.2 }));
    expect(store.getState().trainings["trn_1"]).toMatchObject({ status: "completed", progress: 100 });
  });

  it("does not lose what only events brought when REST is read again [9]", async () => {
    const store = createTrainingsStore();
    store.getState().updateTrainingProgress(progress({ current_step: 300, eta_low: 17, grad_norm: 0.4 }));
    vi.spyOn(api, "training").mockResolvedValue(training({ current_step: 150, loss: 0.5, name: "from REST" }));
    await store.getState().fetchTraining("trn_1");
    expect(store.getState().trainings["trn_1"]).toMatchObject({ name: "from REST", current_step: 300, loss: 0.25, eta_low: 17, grad_norm: 0.4 });
  });

  it("appends reports to the curves that REST began, each step once", async () => {
    const store = createTrainingsStore();
    vi.spyOn(api, "trainingMetrics").mockResolvedValue({ training_id: "trn_1", items: [metricRow(0), metricRow(100), metricRow(200)] });
    await store.getState().fetchCurves("trn_1");
    store.getState().updateTrainingProgress(progress({ current_step: 200 }));
    store.getState().updateTrainingProgress(progress({ current_step: 300 }));
    expect(store.getState().curves["trn_1"]?.series.x).toEqual([0, 100, 200, 300]);
  });

  it("keeps what came live while the curves were read", async () => {
    const store = createTrainingsStore();
    store.getState().updateTrainingProgress(progress({ current_step: 300 }));
    vi.spyOn(api, "trainingMetrics").mockResolvedValue({ training_id: "trn_1", items: [metricRow(0), metricRow(100)] });
    await store.getState().fetchCurves("trn_1");
    expect(store.getState().curves["trn_1"]?.series.x).toEqual([0, 100, 300]);
  });

  it("asks for new rows only while it polls [33]", async () => {
    const store = createTrainingsStore();
    const metrics = vi.spyOn(api, "trainingMetrics");
    metrics.mockResolvedValueOnce({ training_id: "trn_1", items: [metricRow(0), metricRow(100)] });
    await store.getState().fetchCurves("trn_1");
    metrics.mockResolvedValueOnce({ training_id: "trn_1", items: [metricRow(100), metricRow(200)] });
    await store.getState().fetchCurves("trn_1", true);
    expect(metrics).toHaveBeenLastCalledWith("trn_1", 100);
    expect(store.getState().curves["trn_1"]?.series.x).toEqual([0, 100, 200]);
  });

  it("draws one line a layer beside the mean", async () => {
    const store = createTrainingsStore();
    vi.spyOn(api, "trainingMetrics").mockResolvedValue({
      training_id: "trn_1",
      items: [metricRow(10, { loss: 2 }), metricRow(10, { layer_idx: 3, loss: 1 }), metricRow(10, { layer_idx: 5, loss: 3 })],
    });
    await store.getState().fetchCurves("trn_1");
    const curves = store.getState().curves["trn_1"];
    if (curves === undefined) throw new Error("no curves");
    const losses = [null, 3, 5].map((layer) => curves.series.lines[lineIndex(curves, "loss", layer)]);
    expect(losses).toEqual([[2], [1], [3]]);
  });

  it("follows an attempt that resumes at a lower step [25]", () => {
    const store = createTrainingsStore();
    for (const step of [100, 200, 300]) store.getState().updateTrainingProgress(progress({ current_step: step }));
    store.getState().updateTrainingStatus({ ...ENVELOPE, training_id: "trn_1", status: "queued", previous: "stalled", current_step: 300, progress: 0 });
    store.getState().updateTrainingProgress(progress({ current_step: 150 }));
    store.getState().updateTrainingProgress(progress({ current_step: 250 }));
    expect(store.getState().curves["trn_1"]?.series.x).toEqual([100, 150, 250]);
    expect(store.getState().trainings["trn_1"]?.current_step).toBe(250);
  });

  it("marks one checkpoint as the best", () => {
    const store = createTrainingsStore();
    const made = (id: string, step: number, best: boolean) => {
      store.getState().addCheckpoint({
        ...ENVELOPE,
        training_id: "trn_1",
        checkpoint_id: id,
        step,
        loss: 0.1,
        is_best: best,
        storage_path: "/x",
        size_bytes: 1,
      });
    };
    made("a", 500, true);
    made("b", 1000, true);
    made("b", 1000, true);
    expect(store.getState().checkpoints["trn_1"]?.map((c) => [c.id, c.is_best])).toEqual([
      ["b", true],
      ["a", false],
    ]);
  });
});
