import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { api, ApiError } from "@/lib/api";
import { createDatasetsStore } from "@/stores/datasetsStore";
import { dataset, datasetProgress } from "../support/catalog";
import { Peer } from "../support/peer";

let peer: Peer;
beforeEach(async () => {
  peer = new Peer();
  await peer.start();
});
afterEach(async () => {
  await peer.stop();
});

describe("datasetsStore", () => {
  it("updates what runs on each dataset by itself", () => {
    const store = createDatasetsStore();
    store.getState().updateTransfer("dst_1", datasetProgress());
    store.getState().updateTransfer("dst_2", datasetProgress({ dataset_id: "dst_2", operation: "download", progress: 5 }));
    expect(store.getState().transfers["dst_1"]).toMatchObject({ operation: "tokenize", phase: "encoding", progress: 55 });
    expect(store.getState().transfers["dst_2"]).toMatchObject({ operation: "download", progress: 5 });
  });

  it("keeps the last number where null data says that it isn't known now, and not over to another operation", () => {
    const store = createDatasetsStore();
    store.getState().updateTransfer("dst_1", datasetProgress({ operation: "download", progress: 90 }));
    store.getState().updateTransfer("dst_1", datasetProgress({ operation: "download", progress: null, rate: null }));
    store.getState().updateTransfer("dst_1", null);
    expect(store.getState().transfers["dst_1"]).toMatchObject({ progress: 90, rate: null });
    store.getState().updateTransfer("dst_1", datasetProgress({ operation: "tokenize", progress: null }));
    expect(store.getState().transfers["dst_1"]?.progress).toBeNull();
  });

  it("clears one dataset's progress", () => {
    const store = createDatasetsStore();
    store.getState().updateTransfer("dst_1", datasetProgress());
    store.getState().updateTransfer("dst_2", datasetProgress());
    store.getState().clearTransfer("dst_1");
    expect(Object.keys(store.getState().transfers)).toEqual(["dst_2"]);
  });

  it("reads the list, and keeps it when it can't be read again", async () => {
    const store = createDatasetsStore();
    peer.rest.set("/datasets", { items: [dataset()], next_cursor: null });
    await store.getState().fetchDatasets();
    expect(store.getState()).toMatchObject({ load: "ready", error: null });
    peer.rest.delete("/datasets");
    await store.getState().fetchDatasets();
    expect(store.getState().load).toBe("ready");
    expect(store.getState().error).toMatch(/nothing at/);
    expect(store.getState().datasets).toHaveLength(1);
  });

  it("says that it could not be read at all", async () => {
    const store = createDatasetsStore();
    await store.getState().fetchDatasets();
    expect(store.getState().load).toBe("error");
    expect(await store.getState().fetchDataset("dst_9")).toMatch(/nothing at/);
  });

  it("puts one that was read in the place of what was known of it", async () => {
    const store = createDatasetsStore();
    peer.rest.set("/datasets", { items: [dataset({ id: "dst_2" }), dataset({ status: "ready" })], next_cursor: null });
    await store.getState().fetchDatasets();
    peer.rest.set("/datasets/dst_1", dataset({ status: "tokenized" }));
    expect(await store.getState().fetchDataset("dst_1")).toBeNull();
    expect(store.getState().datasets.map(({ id, status }) => [id, status])).toEqual([["dst_2", "tokenized"], ["dst_1", "tokenized"]]);
  });

  it("adds what was imported or is being downloaded, and tells the field that was refused", async () => {
    const store = createDatasetsStore();
    peer.rest.set("/datasets", dataset({ id: "dst_7", status: "downloading" }));
    expect(await store.getState().downloadDataset({ repo_id: "a/b" })).toBeNull();
    expect(await store.getState().importDataset("/x.jsonl", "")).toBeNull();
    expect(store.getState().datasets.map(({ id }) => id)).toEqual(["dst_7"]);
    peer.rest.delete("/datasets");
    expect(await store.getState().importDataset("/x.jsonl", "")).toEqual({ field: null, message: "nothing at /datasets" });
  });

  it("reads the dataset again once its tokenization was taken, and not when it was refused", async () => {
    const store = createDatasetsStore();
    expect((await store.getState().tokenize("dst_1", { model_id: "mdl_1" }))?.message).toMatch(/nothing at/);
    expect(peer.requests.filter((it) => it.startsWith("GET"))).toEqual([]);
    peer.rest.set("/datasets/dst_1/tokenize", {});
    peer.rest.set("/datasets/dst_1", dataset({ status: "tokenizing" }));
    expect(await store.getState().tokenize("dst_1", { model_id: "mdl_1" })).toBeNull();
    expect(store.getState().datasets[0]?.status).toBe("tokenizing");
  });

  it("removes what came to nothing, also if it is gone already, and says why it can't otherwise", async () => {
    const store = createDatasetsStore();
    store.setState({ datasets: [dataset({ status: "failed" }), dataset({ id: "dst_2" })] });
    vi.spyOn(api, "removeDataset").mockRejectedValueOnce(new ApiError("it is downloading", 409, "conflict")).mockRejectedValueOnce(new ApiError("no such dataset", 404, "not_found"));
    expect(await store.getState().removeDataset("dst_1")).toBe("it is downloading");
    expect(await store.getState().removeDataset("dst_1")).toBeNull();
    expect(store.getState().datasets.map(({ id }) => id)).toEqual(["dst_2"]);
    vi.restoreAllMocks();
  });
});
