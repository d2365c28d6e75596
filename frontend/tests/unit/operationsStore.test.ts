import { afterEach, describe, expect, it, vi } from "vitest";
import { api, ApiError } from "@/lib/api";
import { isOwnCancel } from "@/lib/ownCancels";
import type { Operation, OperationsPage } from "@/lib/types/job";
import { createOperationsStore } from "@/stores/operationsStore";
import { metricRow, operation } from "../support/samples";

function page(items: Operation[], serverTime = "2026-01-01T13:00:00.000Z"): OperationsPage {
  const counts = { queued: 0, starting: 0, running: 0, paused: 0, stalled: 0, cancelling: 0, failed: 0, finished: 0 };
  return { items, next_cursor: null, counts, workers: [], server_time: serverTime };
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe("operationsStore", () => {
  it("counts queued apart from running [30]", () => {
    const store = createOperationsStore();
    store.getState().applyOperation(operation({ id: "a" }));
    store.getState().applyOperation(operation({ id: "b", status: "queued", progress: 0 }));
    expect(store.getState().counts).toMatchObject({ running: 1, queued: 1 });
  });

  it("lists a kind it has never heard of [31]", () => {
    const store = createOperationsStore();
    store.getState().applyOperation(operation({ id: "a", kind: "quantum_fold" }));
    expect(store.getState().activeOperations.map((job) => job.kind)).toEqual(["quantum_fold"]);
  });

  it("moves a job that ends from active to finished", () => {
    const store = createOperationsStore();
    store.getState().applyOperation(operation());
    store.getState().applyOperation(
      operation({ status: "completed", progress: 100, version: 18, finished_at: "2026-01-01T12:01:00.000Z" }),
    );
    expect(store.getState().activeOperations).toEqual([]);
    expect(store.getState().finishedOperations.map((job) => job.progress)).toEqual([100]);
  });

  it("does not let an older answer undo a newer event", async () => {
    const store = createOperationsStore();
    store.getState().applyOperation(operation({ version: 20, progress: 80 }));
    vi.spyOn(api, "operations").mockResolvedValue(page([operation({ version: 19, progress: 70 })]));
    await store.getState().fetchAllActiveOperations();
    expect(store.getState().activeOperations[0]?.progress).toBe(80);
  });

  it("keeps resources and live values through a refetch that has none [9]", async () => {
    const store = createOperationsStore();
    store.getState().applyOperation(operation());
    store.getState().updateResourceUsage("job_1", {
      job_id: "job_1",
      source: "measured",
      processes: 1,
      cpu_percent: 140,
      rss_bytes: 5,
      read_bytes_per_s: null,
      write_bytes_per_s: null,
      gpus: [],
    });
    store.getState().updateTrainingLive("job_1", { current_step: 10, total_steps: 20, loss: 0.5, l0_sparsity: 32 });
    vi.spyOn(api, "operations").mockResolvedValue(page([operation({ version: 30, resources: null, training: null })]));
    await store.getState().fetchAllActiveOperations();
    expect(store.getState().activeOperations[0]).toMatchObject({ version: 30, resources: { cpu_percent: 140 }, training: { loss: 0.5 } });
    expect(store.getState().operationsWithResources().map((job) => job.id)).toEqual(["job_1"]);
  });

  it("drops a job that ended while nobody listened, and keeps one that began since the answer", async () => {
    const store = createOperationsStore();
    store.getState().applyOperation(operation({ id: "gone" }));
    store.getState().applyOperation(operation({ id: "new", updated_at: "2026-01-01T13:00:01.000Z" }));
    vi.spyOn(api, "operations").mockResolvedValue(page([]));
    await store.getState().fetchAllActiveOperations();
    expect(store.getState().activeOperations.map((job) => job.id)).toEqual(["new"]);
  });

  it("takes the failed ghost out of the list once it is retried [24]", async () => {
    const store = createOperationsStore();
    store.getState().applyOperation(operation({ status: "failed", progress: 40 }));
    vi.spyOn(api, "retryJob").mockResolvedValue(operation({ id: "job_2", status: "queued", progress: 0, retry_of: "job_1" }));
    expect(await store.getState().retry("job_1", { params: { batch_size: 512 } })).toBeNull();
    expect(api.retryJob).toHaveBeenCalledWith("job_1", { params: { batch_size: 512 } });
    expect(store.getState().failedOperations).toEqual([]);
    expect(store.getState().activeOperations.map((job) => job.id)).toEqual(["job_2"]);
  });

  it("dismisses a failure and can undo it [24]", async () => {
    const store = createOperationsStore();
    const failed = operation({ status: "failed" });
    store.getState().applyOperation(failed);
    vi.spyOn(api, "dismissJob").mockImplementation((_, undo) => Promise.resolve({ ...failed, dismissed: undo !== true }));
    await store.getState().dismiss("job_1");
    expect(store.getState().failedOperations).toEqual([]);
    await store.getState().undoDismiss();
    expect(store.getState().failedOperations).toHaveLength(1);
  });

  it("asks once for a double click on cancel [17]", async () => {
    const store = createOperationsStore();
    store.getState().applyOperation(operation());
    const cancel = vi.spyOn(api, "controlJob").mockResolvedValue(operation({ status: "cancelling", version: 18 }));
    await Promise.all([store.getState().control("job_1", "cancel"), store.getState().control("job_1", "cancel")]);
    expect(cancel).toHaveBeenCalledTimes(1);
    expect(store.getState().activeOperations[0]?.status).toBe("cancelling");
  });

  it("says why an action was refused, on that job", async () => {
    const store = createOperationsStore();
    store.getState().applyOperation(operation());
    vi.spyOn(api, "controlJob").mockRejectedValue(new Error("the job has ended"));
    await store.getState().control("job_1", "cancel");
    expect(store.getState().actionErrors).toEqual({ job_1: "the job has ended" });
    expect(store.getState().pending).toEqual({});
  });

  it("reads all pages of what is active, and drops nothing when there are more than it reads", async () => {
    const store = createOperationsStore();
    store.getState().applyOperation(operation({ id: "unlisted" }));
    const read = vi.spyOn(api, "operations").mockImplementation((_, __, cursor) =>
      Promise.resolve({ ...page([operation({ id: cursor ?? "first" })]), next_cursor: `${cursor ?? ""}x`, counts: { ...page([]).counts, running: 4000 } }),
    );
    await store.getState().fetchAllActiveOperations();
    expect(read.mock.calls.map((call) => call[2] ?? null)).toEqual([null, "x", "xx", "xxx"]);
    expect(store.getState().activeOperations.map((job) => job.id)).toContain("unlisted");
    expect(store.getState().counts.running).toBe(4000);
  });

  it("reads what ended page by page, and counts as the server does until it knows all", async () => {
    const store = createOperationsStore();
    const done = (id: string, second: number) => operation({ id, status: "completed", finished_at: `2026-01-01T12:00:0${second}.000Z` });
    vi.spyOn(api, "operations").mockImplementation((list, _, cursor) => {
      if (list === "active") return Promise.resolve({ ...page([]), counts: { ...page([]).counts, finished: 2 } });
      if (list === "failed") return Promise.resolve(page([]));
      return Promise.resolve({ ...page([done(cursor === "next" ? "old" : "new", cursor === "next" ? 1 : 2)]), next_cursor: cursor === "next" ? null : "next" });
    });
    await store.getState().fetchAllActiveOperations();
    await store.getState().fetchEndedOperations();
    expect(store.getState().finishedOperations.map((job) => job.id)).toEqual(["new"]);
    expect(store.getState().counts.finished).toBe(2);
    await store.getState().fetchMore("finished");
    expect(store.getState().finishedOperations.map((job) => job.id)).toEqual(["new", "old"]);
    await store.getState().fetchMore("finished");
    expect(vi.mocked(api.operations).mock.calls.filter(([list]) => list === "finished")).toHaveLength(2);
    await store.getState().fetchEndedOperations();
    expect(store.getState().ended.finished).toMatchObject({ cursor: null, deep: true });
  });

  it("takes nothing else away when one list can't be read [31]", async () => {
    const store = createOperationsStore();
    vi.spyOn(api, "operations").mockImplementation((list) =>
      list === "finished" ? Promise.reject(new Error("the disk is full")) : Promise.resolve(page(list === "failed" ? [operation({ id: "f", status: "failed" })] : [])),
    );
    await store.getState().fetchEndedOperations();
    expect(store.getState().failedOperations.map((job) => job.id)).toEqual(["f"]);
    expect(store.getState().ended.finished).toMatchObject({ load: "error", error: "the disk is full" });
    expect(store.getState().error).toBeNull();
  });

  it("reads a list once more when that was asked for while it was being read", async () => {
    const store = createOperationsStore();
    const fail: ((reason: Error) => void)[] = [];
    const read = vi.spyOn(api, "operations").mockImplementation((list) =>
      list === "finished" && fail.length === 0
        ? new Promise((_, reject) => fail.push(reject))
        : Promise.resolve(page(list === "finished" ? [operation({ id: "f", status: "completed" })] : [])),
    );
    const first = store.getState().fetchEndedOperations();
    await store.getState().fetchEndedOperations();
    await store.getState().fetchEndedOperations();
    expect(read.mock.calls.filter(([list]) => list === "finished")).toHaveLength(1);
    fail[0]?.(new Error("the disk is full"));
    await first;
    expect(store.getState().ended.finished).toMatchObject({ load: "ready", error: null, busy: false });
    expect(store.getState().finishedOperations.map((job) => job.id)).toEqual(["f"]);
    expect(read.mock.calls.filter(([list]) => list === "finished")).toHaveLength(2);
  });

  it("keeps what it knows when the active ones can't be read, and says why", async () => {
    const store = createOperationsStore();
    vi.spyOn(api, "operations").mockRejectedValue(new Error("The server can't be reached."));
    await store.getState().fetchAllActiveOperations();
    expect(store.getState()).toMatchObject({ load: "error", error: "The server can't be reached." });
    vi.spyOn(api, "operations").mockResolvedValue(page([operation()]));
    await store.getState().fetchAllActiveOperations();
    vi.spyOn(api, "operations").mockRejectedValue(new Error("again"));
    await store.getState().fetchAllActiveOperations();
    await store.getState().fetchSummary();
    expect(store.getState()).toMatchObject({ load: "ready", error: "again" });
    expect(store.getState().activeOperations).toHaveLength(1);
  });

  it("wants the summary again once a job runs of which it isn't known where, or queued ones have moved", async () => {
    const store = createOperationsStore();
    const parts = { jobs: [], unattributed_bytes: null };
    const told = {
      host: "box",
      cpu: { used_percent: null, total_percent: null, jobs: [], unattributed_percent: null },
      memory: { used: null, total: null, ...parts },
      disk: { read_bytes_per_s: null, write_bytes_per_s: null, jobs: [], unattributed_read_bytes_per_s: null, unattributed_write_bytes_per_s: null },
      gpus: [],
    };
    vi.spyOn(api, "operations").mockResolvedValue({ ...page([]), resources: told });
    await store.getState().fetchSummary();
    expect(store.getState().isSummaryOld()).toBe(false);
    store.getState().applyOperation(operation());
    expect(store.getState().isSummaryOld()).toBe(true);
    await store.getState().fetchSummary();
    store.getState().applyOperation(operation({ version: 18, progress: 63 }));
    expect(store.getState().isSummaryOld()).toBe(false);
    store.getState().applyOperation(operation({ id: "q", status: "queued", worker_id: null }));
    expect(store.getState().isSummaryOld()).toBe(true);
  });

  it("dismisses several at once, and undoes it for those that were", async () => {
    const store = createOperationsStore();
    for (const id of ["a", "b", "c"]) store.getState().applyOperation(operation({ id, status: "failed" }));
    vi.spyOn(api, "dismissJob").mockImplementation((id, undo) =>
      id === "b" ? Promise.reject(new Error("no")) : Promise.resolve(operation({ id, status: "failed", dismissed: undo !== true })),
    );
    await store.getState().dismissAll(["a", "b", "c"]);
    expect(store.getState().failedOperations.map((job) => job.id)).toEqual(["b"]);
    expect(store.getState().actionErrors).toEqual({ b: "no" });
    expect(store.getState().finishedOperations).toHaveLength(2);
    await store.getState().undoDismiss();
    expect(store.getState().failedOperations).toHaveLength(3);
    store.getState().forgetDismissed();
    expect(store.getState().lastDismissed).toEqual([]);
  });

  it("gives a refusal with the field that it names, and remembers own cancels", async () => {
    const store = createOperationsStore();
    store.getState().applyOperation(operation({ status: "failed" }));
    vi.spyOn(api, "retryJob").mockRejectedValue(new ApiError("k is 0", 422, "validation", "k"));
    expect(await store.getState().retry("job_1", { params: { k: 0 } })).toEqual({ message: "k is 0", field: "k" });
    vi.spyOn(api, "controlJob").mockResolvedValue(operation({ status: "cancelling", version: 20 }));
    await store.getState().control("job_1", "cancel");
    expect(isOwnCancel("job_1")).toBe(true);
  });

  it("seeds a curve once, and lets it grow by later steps only", async () => {
    const store = createOperationsStore();
    vi.spyOn(api, "trainingMetrics").mockResolvedValue({ training_id: "trn_1", items: [metricRow(1), metricRow(2)] });
    await Promise.all([store.getState().seedSpark("job_1", "trn_1"), store.getState().seedSpark("job_1", "trn_1")]);
    expect(api.trainingMetrics).toHaveBeenCalledTimes(1);
    store.getState().applyOperation(operation());
    store.getState().updateTrainingLive("job_1", { current_step: 2, total_steps: 9, loss: 9, l0_sparsity: 1 });
    store.getState().updateTrainingLive("job_1", { current_step: 3, total_steps: 9, loss: 0.1, l0_sparsity: 1 });
    expect(store.getState().sparks["job_1"]?.loss).toEqual([0.5, 1 / 3, 0.1]);
    store.getState().updateTrainingLive("unknown", { current_step: 3, total_steps: 9, loss: 0.1, l0_sparsity: 1 });
    vi.spyOn(api, "trainingMetrics").mockRejectedValue(new Error("gone"));
    await store.getState().seedSpark("job_2", "trn_2");
    expect(store.getState().sparks["job_2"]?.loss).toEqual([]);
  });

  it("reads one job, and says why it can't", async () => {
    const store = createOperationsStore();
    vi.spyOn(api, "job").mockResolvedValue(operation({ id: "x" }));
    expect(await store.getState().fetchJob("x")).toBeNull();
    vi.spyOn(api, "job").mockRejectedValue(new Error("no such job"));
    expect(await store.getState().fetchJob("y")).toBe("no such job");
    expect(Object.keys(store.getState().operations)).toEqual(["x"]);
  });
});
