import { afterEach, describe, expect, it, vi } from "vitest";
import { createTrainingsStore } from "@/stores/trainingsStore";
import { api } from "@/lib/api";
import { decodeColumns, type MetricColumns } from "@/lib/chart/columns";
import { encodeColumns, type ColumnsToWrite } from "../support/columns";
import { ENVELOPE, progress, training } from "../support/samples";

type Store = ReturnType<typeof createTrainingsStore>;

/** What REST says of the curves from now on. */
function answers(columns: ColumnsToWrite) {
  const metrics = columns.metrics ?? { loss: columns.step.map((step) => 1 / (1 + step)) };
  return vi.spyOn(api, "trainingColumns").mockResolvedValue(decodeColumns(encodeColumns({ ...columns, metrics })));
}
const layer = (store: Store, key: string) => store.getState().curves["trn_1"]?.layers[key];
const steps = (store: Store, key = "all") => layer(store, key)?.step;
const values = (store: Store, name: string, key = "all") => layer(store, key)?.values[name];

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
    answers({ step: [0, 100, 200] });
    await store.getState().fetchCurves("trn_1");
    store.getState().updateTrainingProgress(progress({ current_step: 200 }));
    store.getState().updateTrainingProgress(progress({ current_step: 300, loss: 0.25, grad_norm: null }));
    expect(steps(store)).toEqual([0, 100, 200, 300]);
    expect(values(store, "loss")?.[3]).toBe(0.25);
    expect(values(store, "grad_norm")).toBeUndefined();
  });

  it("keeps what came live while the curves were read", async () => {
    const store = createTrainingsStore();
    store.getState().updateTrainingProgress(progress({ current_step: 300 }));
    answers({ step: [0, 100] });
    await store.getState().fetchCurves("trn_1");
    expect(steps(store)).toEqual([0, 100, 300]);
  });

  it("asks for the rows after the last that was told, and puts them in the place of what events told [33]", async () => {
    const store = createTrainingsStore();
    answers({ step: [0, 100] });
    await store.getState().fetchCurves("trn_1");
    for (const step of [150, 200, 300]) store.getState().updateTrainingProgress(progress({ current_step: step }));
    const asked = answers({ step: [110, 200], metrics: { loss: [5, 6], "val/accuracy": [0.1, 0.2] } });
    await store.getState().fetchNewRows("trn_1");
    expect(asked).toHaveBeenLastCalledWith("trn_1", { sinceStep: 100 });
    expect(steps(store)).toEqual([0, 100, 110, 200, 300]);
    expect(values(store, "val/accuracy")).toEqual([NaN, NaN, 0.1, 0.2, NaN]);
    expect(store.getState().curves["trn_1"]?.told).toBe(200);
  });

  it("reads the whole when nothing was told yet, and says why it couldn't", async () => {
    const store = createTrainingsStore();
    const asked = vi.spyOn(api, "trainingColumns").mockRejectedValue(new Error("The server can't be reached."));
    await store.getState().fetchNewRows("trn_1");
    expect(asked).toHaveBeenLastCalledWith("trn_1");
    expect(store.getState().curvesLoad["trn_1"]).toBe("error");
    answers({ step: [0, 100] });
    await store.getState().fetchNewRows("trn_1");
    expect(store.getState().curvesError["trn_1"]).toBeNull();
    vi.spyOn(api, "trainingColumns").mockRejectedValue(new Error("gone"));
    await store.getState().fetchNewRows("trn_1");
    expect(store.getState()).toMatchObject({ curvesLoad: { trn_1: "ready" }, curvesError: { trn_1: "gone" } });
    expect(steps(store)).toEqual([0, 100]);
  });

  it("keeps each layer's rows apart, and all layers'", async () => {
    const store = createTrainingsStore();
    answers({ step: [10, 10, 10], layer: [-1, 3, 5], metrics: { loss: [2, 1, 3] } });
    await store.getState().fetchCurves("trn_1");
    const layer = (layer_idx: number, loss: number) => ({ layer_idx, loss, l0_sparsity: 9, dead_neurons: 0 });
    store.getState().updateTrainingProgress(progress({ current_step: 20, loss: 4, layers: [layer(3, 6), layer(5, 7)] }));
    expect(["all", "3", "5"].map((key) => values(store, "loss", key))).toEqual([[2, 4], [1, 6], [3, 7]]);
  });

  it("gives a run of one layer that layer's curve, also live", async () => {
    const store = createTrainingsStore();
    answers({ step: [10], layer: [2], metrics: { loss: [1] } });
    await store.getState().fetchCurves("trn_1");
    store.getState().updateTrainingProgress(progress({ current_step: 20, loss: 0.5, layers: [{ layer_idx: 2, loss: 0.5, l0_sparsity: 1, dead_neurons: 0 }] }));
    expect(Object.keys(store.getState().curves["trn_1"]?.layers ?? {})).toEqual(["2"]);
    expect(values(store, "loss", "2")).toEqual([1, 0.5]);
  });

  it("keeps the answer to the last zoom, and forgets it with the zoom", async () => {
    const store = createTrainingsStore();
    let late: (columns: MetricColumns) => void = () => {};
    vi.spyOn(api, "trainingColumns").mockReturnValueOnce(new Promise((done) => { late = done; }));
    const first = store.getState().fetchDetail("trn_1", [0, 50]);
    answers({ step: [10, 11] });
    await store.getState().fetchDetail("trn_1", [10, 11]);
    late(decodeColumns(encodeColumns({ step: [1] })));
    await first;
    expect(store.getState().details["trn_1"]).toMatchObject({ from: 10, to: 11 });
    vi.spyOn(api, "trainingColumns").mockRejectedValue(new Error("gone"));
    await store.getState().fetchDetail("trn_1", [5, 6]);
    expect(store.getState().curvesError["trn_1"]).toBe("gone");
    await store.getState().fetchDetail("trn_1", null);
    expect(store.getState().details["trn_1"]).toBeUndefined();
  });

  it("follows an attempt that resumes at a lower step [25]", () => {
    const store = createTrainingsStore();
    const asked = vi.spyOn(api, "trainingColumns").mockRejectedValue(new Error("not now"));
    for (const step of [100, 200, 300]) store.getState().updateTrainingProgress(progress({ current_step: step }));
    store.getState().updateTrainingStatus({ ...ENVELOPE, training_id: "trn_1", status: "queued", previous: "stalled", current_step: 300, progress: 0 });
    store.getState().updateTrainingProgress(progress({ current_step: 150 }));
    store.getState().updateTrainingProgress(progress({ current_step: 250 }));
    expect(steps(store)).toEqual([100, 150, 250]);
    // What the attempt before had told beyond that step is read no more: the whole is.
    expect(asked).toHaveBeenCalledTimes(1);
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
