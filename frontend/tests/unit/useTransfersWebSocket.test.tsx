import { renderHook } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { useDeletions } from "@/hooks/useDeletions";
import { useDatasetTransfers, useModelDownloads } from "@/hooks/useTransfersWebSocket";
import { datasetsStore } from "@/stores/datasetsStore";
import { modelsStore } from "@/stores/modelsStore";
import { coming, dataset, datasetProgress, model, modelProgress } from "../support/catalog";
import { Peer } from "../support/peer";

let peer: Peer;
const subscribed = () => peer.subscribes.map(({ channel }) => channel).sort();

beforeEach(async () => {
  modelsStore.setState({ ...modelsStore.getInitialState(), models: [coming()] }, true);
  datasetsStore.setState({ ...datasetsStore.getInitialState(), datasets: [dataset({ status: "tokenizing" })] }, true);
  peer = new Peer();
  peer.rest.set("/models/mdl_1", coming());
  peer.rest.set("/extractions", { items: [], next_cursor: null });
  peer.rest.set("/datasets/dst_1", dataset({ status: "tokenizing" }));
  await peer.start();
});
afterEach(async () => {
  await peer.stop();
});

describe("useModelDownloads", () => {
  it("follows those that are on their way, and lets go of them", async () => {
    const { rerender } = renderHook(({ ids }) => {
      useModelDownloads(ids);
    }, { initialProps: { ids: ["mdl_1", "mdl_2"] } });
    await vi.waitFor(() => {
      expect(subscribed()).toEqual(["models/mdl_1/progress", "models/mdl_2/progress"]);
    });
    rerender({ ids: [] });
    await vi.waitFor(() => {
      expect(peer.unsubscribes.sort()).toEqual(["models/mdl_1/progress", "models/mdl_2/progress"]);
    });
  });

  it("shows bytes as they come, and reads the model when it is there", async () => {
    renderHook(() => {
      useModelDownloads(["mdl_1"]);
    });
    await vi.waitFor(() => {
      expect(subscribed()).toEqual(["models/mdl_1/progress"]);
    });
    peer.publish("models/mdl_1/progress", "model:progress", modelProgress({ bytes_done: 700 }));
    await vi.waitFor(() => {
      expect(modelsStore.getState().downloads["mdl_1"]?.done).toBe(700);
    });
    peer.rest.set("/models/mdl_1", model());
    peer.publish("models/mdl_1/progress", "model:completed", modelProgress({ status: "ready", progress: 100 }));
    await vi.waitFor(() => {
      expect(modelsStore.getState().models[0]?.status).toBe("ready");
    });
    expect(modelsStore.getState().downloads["mdl_1"]).toBeUndefined();
  });

  it("does not take the end of an earlier attempt, told on subscribing, for news [29]", async () => {
    peer.publish("models/mdl_1/progress", "model:failed", modelProgress({ status: "failed" }));
    peer.publish("models/mdl_1/progress", "model:progress", modelProgress({ bytes_done: 5 }));
    renderHook(() => {
      useModelDownloads(["mdl_1"]);
    });
    await vi.waitFor(() => {
      expect(modelsStore.getState().downloads["mdl_1"]?.done).toBe(5);
    });
    expect(modelsStore.getState().models[0]?.status).toBe(coming().status);
  });

  it("learns of an end that came before the first event", async () => {
    peer.rest.set("/models/mdl_1", model());
    renderHook(() => {
      useModelDownloads(["mdl_1"]);
    });
    await vi.waitFor(() => {
      expect(modelsStore.getState().models[0]?.status).toBe("ready");
    });
  });

  it("reads the model again when a reconnect could not bring what was missed", async () => {
    renderHook(() => {
      useModelDownloads(["mdl_1"]);
    });
    await vi.waitFor(() => {
      expect(subscribed()).toHaveLength(1);
    });
    peer.rest.set("/models/mdl_1", model());
    peer.loseState("epoch-2");
    peer.cut();
    await vi.waitFor(() => {
      expect(modelsStore.getState().models[0]?.status).toBe("ready");
    });
  });
});

describe("useDatasetTransfers", () => {
  it("follows what runs on a dataset to its end", async () => {
    renderHook(() => {
      useDatasetTransfers(["dst_1"]);
    });
    await vi.waitFor(() => {
      expect(subscribed()).toEqual(["datasets/dst_1/progress"]);
    });
    peer.publish("datasets/dst_1/progress", "dataset:progress", datasetProgress({ progress: 61 }));
    await vi.waitFor(() => {
      expect(datasetsStore.getState().transfers["dst_1"]?.progress).toBe(61);
    });
    peer.rest.set("/datasets/dst_1", dataset());
    peer.publish("datasets/dst_1/progress", "dataset:failed", { ...datasetProgress(), error_type: "VALIDATION", error_message: "no", suggested_retry_params: null, retry_available: true });
    await vi.waitFor(() => {
      expect(datasetsStore.getState().datasets[0]?.status).toBe("tokenized");
    });
    expect(datasetsStore.getState().transfers["dst_1"]).toBeUndefined();
  });

  it("reads the dataset again after its end, and after a loss", async () => {
    renderHook(() => {
      useDatasetTransfers(["dst_1"]);
    });
    await vi.waitFor(() => {
      expect(subscribed()).toHaveLength(1);
    });
    peer.publish("datasets/dst_1/progress", "dataset:completed", datasetProgress({ progress: 100 }));
    await vi.waitFor(() => {
      expect(peer.requests).toEqual(["GET /datasets/dst_1", "GET /datasets/dst_1"]);
    });
    peer.loseState("epoch-2");
    peer.cut();
    await vi.waitFor(() => {
      expect(peer.requests).toHaveLength(3);
    });
  });
});

describe("useDeletions", () => {
  it("takes what was deleted out of the lists, and tells the page that is about it", async () => {
    const told = vi.fn();
    renderHook(() => {
      useDeletions(told);
    });
    await vi.waitFor(() => {
      expect(subscribed()).toEqual(["operations"]);
    });
    peer.publish("operations", "model:deleted", { model_id: "mdl_1", job_id: null });
    peer.publish("operations", "dataset:deleted", { dataset_id: "dst_1", job_id: "job_1" });
    await vi.waitFor(() => {
      expect(told.mock.calls).toEqual([["mdl_1"], ["dst_1"]]);
    });
    expect(modelsStore.getState().models).toEqual([]);
    expect(datasetsStore.getState().datasets).toEqual([]);
  });
});
