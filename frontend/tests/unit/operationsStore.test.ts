import { afterEach, describe, expect, it, vi } from "vitest";
import { api } from "@/lib/api";
import type { Operation, OperationsPage } from "@/lib/types/job";
import { createOperationsStore } from "@/stores/operationsStore";
import { operation } from "../support/samples";

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
});
