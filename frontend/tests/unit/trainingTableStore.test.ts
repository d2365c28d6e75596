import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createReferencesStore, lookupOf, referencesOf } from "@/stores/referencesStore";
import { createTrainingTableStore } from "@/stores/trainingTableStore";
import { rowOf } from "@/lib/trainingTable/row";
import { Peer } from "../support/peer";
import { operation, progress, training } from "../support/samples";

const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 12, 0, second)).toISOString();
let peer: Peer;
let store: ReturnType<typeof createTrainingTableStore>;

beforeEach(async () => {
  peer = new Peer();
  await peer.start();
  store = createTrainingTableStore();
});
afterEach(async () => {
  await peer.stop();
});

const state = () => store.getState();
const requests = (start: string) => peer.requests.filter((line) => line.startsWith(`GET ${start}`));

/** A list of `n` trainings, newest first, in pages as they are asked for. */
function serve(n: number, gone: readonly number[] = []) {
  const all = Array.from({ length: n }, (_, i) => training({ id: `trn_${i}`, job_id: `job_${i}` })).filter((_, i) => !gone.includes(i));
  peer.rest.set("/trainings", (query: URLSearchParams) => {
    const from = Number(query.get("cursor") ?? 0);
    const to = from + Number(query.get("limit"));
    return { items: all.slice(from, to), next_cursor: to < all.length ? String(to) : null };
  });
}

describe("trainingTableStore", () => {
  it("reads all pages, and says that it hasn't all before it has", async () => {
    serve(1201);
    const seen: [string, number][] = [];
    store.subscribe((now) => seen.push([now.load, now.rows.size]));
    await state().fetchAll();
    expect(seen[0]).toEqual(["more", 500]);
    expect(state().load).toBe("ready");
    expect(state().rows.size).toBe(1201);
    expect(requests("/trainings")).toHaveLength(3);
  });

  it("reads once more when it is asked while it reads, and not twice at once", async () => {
    serve(10);
    const first = state().fetchAll();
    expect(state().fetchAll()).toBe(first);
    await first;
    await vi.waitFor(() => {
      expect(requests("/trainings")).toHaveLength(2);
    });
  });

  it("drops what was deleted at once, and no answer that was on its way brings it back", async () => {
    serve(3);
    await state().fetchAll();
    const before = state().structure;
    state().forget("trn_1");
    expect([...state().rows.keys()]).toEqual(["trn_0", "trn_2"]);
    expect(state().structure).toBeGreaterThan(before);
    await state().fetchAll();
    await state().fetchNewest();
    peer.rest.set("/trainings/trn_1", training({ id: "trn_1", job_id: "job_1" }));
    await state().fetchRows(["trn_1"]);
    expect([...state().rows.keys()]).toEqual(["trn_0", "trn_2"]);
    // Its job is still told of: that is no training that is not known yet.
    const asked = requests("/trainings").length;
    state().applyOperations([operation({ id: "job_1", entity_type: "training", entity_id: "trn_1" })]);
    expect(requests("/trainings")).toHaveLength(asked);
  });

  it("drops what is gone once the whole list has been read again, and keeps its place", async () => {
    serve(3);
    await state().fetchAll();
    serve(3, [1]);
    await state().fetchAll();
    expect([...state().rows.keys()]).toEqual(["trn_0", "trn_2"]);
    expect(state().load).toBe("ready");
  });

  it("says why nothing could be read, and what was read stays", async () => {
    await state().fetchAll();
    expect(state()).toMatchObject({ load: "error", error: "nothing at /trainings" });
    serve(2);
    await state().fetchAll();
    expect(state()).toMatchObject({ load: "ready", error: null });
    peer.rest.delete("/trainings");
    await state().fetchNewest();
    expect(state()).toMatchObject({ load: "ready", error: "nothing at /trainings" });
    expect(state().rows.size).toBe(2);
  });

  it("changes its structure with rows and states, and not with values", async () => {
    serve(1);
    await state().fetchAll();
    const before = state().structure;
    state().applyProgress(progress({ training_id: "trn_0", ts: at(40), loss: 0.125 }));
    expect(state().rows.get("trn_0")?.loss).toBe(0.125);
    expect(state().structure).toBe(before);
    state().applyOperations([operation({ id: "job_0", entity_id: "trn_0", status: "paused", updated_at: at(41) })]);
    expect(state().rows.get("trn_0")?.status).toBe("paused");
    expect(state().structure).toBe(before + 1);
  });

  it("reads a row again when its training has ended or has a new job, and its curve too", async () => {
    serve(1);
    await state().fetchAll();
    peer.rest.set("/trainings/curves", { items: [{ training_id: "trn_0", steps: [1, 2], values: [3, 2] }] });
    await state().fetchCurves(["trn_0"]);
    peer.rest.set("/trainings/trn_0", training({ id: "trn_0", job_id: "job_0", status: "completed", final_loss: 0.01, updated_at: at(50) }));
    state().applyOperations([operation({ id: "job_0", entity_id: "trn_0", status: "completed", progress: 100, updated_at: at(50) })]);
    await vi.waitFor(() => {
      expect(state().rows.get("trn_0")?.final_loss).toBe(0.01);
    });
    expect(state().curves.has("trn_0")).toBe(false);
  });

  it("keeps a row whose reading failed", async () => {
    serve(1);
    await state().fetchAll();
    await state().fetchRows(["trn_0"]);
    expect(state().rows.size).toBe(1);
  });

  it("looks for a training that it doesn't know, once for many words of it", async () => {
    serve(1);
    await state().fetchAll();
    serve(2);
    const job = operation({ id: "job_1", entity_id: "trn_1", updated_at: at(45) });
    state().applyOperations([job]);
    state().applyOperations([job]);
    await vi.waitFor(() => {
      expect(state().rows.has("trn_1")).toBe(true);
    });
    expect(requests("/trainings")).toHaveLength(2);
    state().applyOperations([operation({ entity_type: "dataset", entity_id: "dst_1" }), operation({ entity_type: null, entity_id: null })]);
    expect(requests("/trainings")).toHaveLength(2);
  });

  it("asks for the curves of many in one call, each once, and grows them with what is reported", async () => {
    serve(2);
    await state().fetchAll();
    peer.rest.set("/trainings/curves", { items: [{ training_id: "trn_0", steps: [100, 200], values: [0.5, 0.4] }] });
    await Promise.all([state().fetchCurves(["trn_0", "trn_1"]), state().fetchCurves(["trn_0", "trn_1"])]);
    await state().fetchCurves(["trn_1"]);
    expect(requests("/trainings/curves")).toEqual(["GET /trainings/curves?ids=trn_0,trn_1&max_points=48"]);
    // A training without rows has an empty curve, not one that isn't known.
    expect(state().curves.get("trn_1")).toEqual({ steps: [], values: [] });
    const report = (second: number, step: number, loss: number | null) => {
      state().applyProgress(progress({ training_id: "trn_0", ts: at(second), current_step: step, loss }));
    };
    report(41, 300, 0.25);
    report(42, 310, null);
    expect(state().curves.get("trn_0")).toEqual({ steps: [100, 200, 300], values: [0.5, 0.4, 0.25] });
    // It goes on from an earlier checkpoint: what was after it has not happened.
    report(43, 150, 0.45);
    expect(state().curves.get("trn_0")).toEqual({ steps: [100, 150], values: [0.5, 0.45] });
    for (let i = 0; i < 400; i += 1) report(44, 200 + i, 0.4 - i / 1000);
    const { steps = [] } = state().curves.get("trn_0") ?? {};
    expect(steps.length).toBeLessThanOrEqual(97);
    expect(steps[steps.length - 1]).toBe(599);
    expect(steps).toEqual([...steps].sort((a, b) => a - b));
  });

  it("asks again for curves that could not be read", async () => {
    await state().fetchCurves(["trn_0"]);
    expect(state().curves.size).toBe(0);
    peer.rest.set("/trainings/curves", { items: [] });
    await state().fetchCurves(["trn_0"]);
    expect(state().curves.has("trn_0")).toBe(true);
    state().applyProgress(progress({ training_id: "nobody" }));
    expect(state().rows.size).toBe(0);
  });
});

describe("referencesStore", () => {
  it("names model and dataset behind an extraction, or the ids where no name is known", async () => {
    const references = createReferencesStore();
    await references.getState().fetchReferences();
    expect(references.getState()).toMatchObject({ load: "error" });
    peer.rest.set("/extractions", { items: [{ id: "ext_1", name: "gpt2 · L6", model_id: "mdl_1", dataset_id: "dst_9" }] });
    peer.rest.set("/models", { items: [{ id: "mdl_1", name: "gpt2" }] });
    peer.rest.set("/datasets", { items: [] });
    await references.getState().fetchReferences();
    const known = references.getState();
    expect(known).toMatchObject({ load: "ready", error: null });
    const row = rowOf(training());
    expect([lookupOf(known).model(row), lookupOf(known).dataset(row)]).toEqual(["gpt2", "dst_9"]);
    expect([lookupOf(known).extraction("ext_1"), lookupOf(known).extraction("ext_2")]).toEqual(["gpt2 · L6", "ext_2"]);
    const tuned = { ...row, extraction_id: null, model_id: "mdl_1", dataset_id: "dst_9" };
    expect([referencesOf(known).modelOf(tuned), referencesOf(known).datasetOf(tuned)]).toEqual(["mdl_1", "dst_9"]);
    expect(lookupOf(known).model({ ...row, extraction_id: "ext_7" })).toBeNull();
  });
});
