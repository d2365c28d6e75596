import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createComparisonStore, isLive, runParams } from "@/stores/comparisonStore";
import { operationsStore } from "@/stores/operationsStore";
import { Peer } from "../../support/peer";
import { comparedRun, comparison } from "../../support/progress";
import { metricRow, operation, training } from "../../support/samples";

let peer: Peer;
let store: ReturnType<typeof createComparisonStore>;
const run = (id: string) => store.getState().runs[id];

function knows(n: number, rows = [metricRow(10), metricRow(20)]): void {
  peer.rest.set(`/trainings/trn_${n}`, training({ id: `trn_${n}`, job_id: `job_${n}`, name: `run ${n}` }));
  peer.rest.set(`/jobs/job_${n}`, operation({ id: `job_${n}`, entity_id: `trn_${n}`, params: { k: n } }));
  peer.rest.set(`/trainings/trn_${n}/metrics`, (query: URLSearchParams) => ({
    items: rows.filter(({ step }) => step > Number(query.get("since_step") ?? -1)),
  }));
}

beforeEach(async () => {
  operationsStore.setState(operationsStore.getInitialState(), true);
  peer = new Peer();
  await peer.start();
  store = createComparisonStore();
});
afterEach(async () => {
  await peer.stop();
});

describe("a compared run", () => {
  it("is a training with its job and curves", async () => {
    knows(1);
    const read = store.getState().fetchRun("trn_1");
    expect(run("trn_1")?.load).toBe("loading");
    await read;
    expect(run("trn_1")).toMatchObject({ load: "ready", training: { name: "run 1" }, job: { id: "job_1" } });
    expect(run("trn_1")?.curves.step).toEqual([10, 20]);
    expect(isLive(run("trn_1"))).toBe(true);
  });

  it("is found by its job, and an extraction by itself", async () => {
    knows(1);
    peer.rest.set("/extractions/ext_1", { id: "ext_1", job_id: "job_x" });
    peer.rest.set("/jobs/job_x", operation({ id: "job_x", kind: "extract", entity_type: "extraction", entity_id: "ext_1", status: "completed", params: { layers: [1] } }));
    await Promise.all(["job_1", "ext_1"].map((id) => store.getState().fetchRun(id)));
    expect(run("job_1")?.training?.id).toBe("trn_1");
    const extraction = run("ext_1");
    expect(extraction).toMatchObject({ load: "ready", training: null, job: { kind: "extract" } });
    expect(extraction === undefined ? null : runParams(extraction)).toEqual({ kind: "extract", layers: [1] });
    expect(isLive(extraction)).toBe(false);
  });

  it("that does not exist says so alone", async () => {
    knows(1);
    await Promise.all(["trn_1", "trn_2"].map((id) => store.getState().fetchRun(id)));
    expect(run("trn_2")).toMatchObject({ load: "missing", error: "nothing at /trainings/trn_2" });
    expect(run("trn_1")?.load).toBe("ready");
  });

  it("whose curves can't be read is shown without them", async () => {
    knows(1);
    peer.rest.delete("/trainings/trn_1/metrics");
    await store.getState().fetchRun("trn_1");
    expect(run("trn_1")).toMatchObject({ load: "ready", curvesError: "nothing at /trainings/trn_1/metrics" });
    await store.getState().fetchNewRows("trn_1");
    expect(run("trn_1")?.curvesError).not.toBeNull();
  });

  it("grows by the rows that are new", async () => {
    const rows = [metricRow(10)];
    knows(1, rows);
    await store.getState().fetchRun("trn_1");
    rows.push(metricRow(20), metricRow(30));
    await store.getState().fetchNewRows("trn_1");
    expect(run("trn_1")?.curves.step).toEqual([10, 20, 30]);
    expect(peer.requests[peer.requests.length - 1]).toContain("since_step=10");
    peer.rest.delete("/trainings/trn_1/metrics");
    await store.getState().fetchNewRows("trn_1");
    expect(run("trn_1")?.curves.step).toEqual([10, 20, 30]);
    expect(run("trn_1")?.curvesError).not.toBeNull();
    await store.getState().fetchNewRows("trn_unknown");
  });

  it("takes what its job's events tell, and says when that is a turn", async () => {
    knows(1);
    await store.getState().fetchRun("trn_1");
    const { noteOperation } = store.getState();
    const job = operation({ id: "job_1", entity_id: "trn_1", version: 18, progress: 70 });
    expect(noteOperation(job)).toEqual([{ id: "trn_1", turn: false }]);
    expect(run("trn_1")?.job?.progress).toBe(70);
    expect(noteOperation(job)).toEqual([]);
    expect(noteOperation({ ...job, version: 19, status: "completed" })).toEqual([{ id: "trn_1", turn: true }]);
    const retry = operation({ id: "job_9", entity_id: "trn_1", created_at: "2026-01-02T12:00:00.000Z" });
    expect(noteOperation(retry)).toEqual([{ id: "trn_1", turn: true }]);
    expect(noteOperation(operation({ id: "job_other", entity_id: "trn_other" }))).toEqual([]);
  });

  it("does not go back to an answer that was on its way when an event came", async () => {
    knows(1);
    operationsStore.getState().applyOperation(operation({ id: "job_1", entity_id: "trn_1", version: 40, status: "completed", progress: 100 }));
    await store.getState().fetchRun("trn_1");
    expect(run("trn_1")?.job).toMatchObject({ status: "completed", progress: 100 });
  });
});

describe("the comparison", () => {
  it("is asked for two runs or more, and an answer about others comes too late", async () => {
    peer.rest.set("/progress-history/compare", (query: URLSearchParams) => comparison((query.get("entity_ids") ?? "").split(",").map((id) => comparedRun(id))));
    const { fetchComparison } = store.getState();
    await fetchComparison(["trn_1"]);
    expect(peer.requests).toEqual([]);
    const early = fetchComparison(["trn_1", "trn_2"]);
    const late = fetchComparison(["trn_1", "trn_3"]);
    await Promise.all([early, late]);
    expect(store.getState().comparison?.runs.map(({ id }) => id)).toEqual(["trn_1", "trn_3"]);
    peer.rest.delete("/progress-history/compare");
    await fetchComparison(["trn_1", "trn_3"]);
    expect(store.getState()).toMatchObject({ comparisonError: "nothing at /progress-history/compare", comparison: { basis: "progress" } });
    await fetchComparison(["trn_1"]);
    expect(store.getState()).toMatchObject({ comparison: null, comparisonError: null });
  });
});

describe("the candidates", () => {
  it("are every training and every other job, newest first", async () => {
    peer.rest.set("/trainings", { items: [training({ id: "trn_1", job_id: "job_1", created_at: "2026-01-01T00:00:00.000Z" })], next_cursor: "more" });
    peer.rest.set("/jobs", {
      items: [operation({ id: "job_1", kind: "fine_tune" }), operation({ id: "job_2", kind: "command", entity_type: null, entity_id: null, created_at: "2026-01-02T00:00:00.000Z" })],
      next_cursor: null,
    });
    await store.getState().fetchCandidates();
    expect(store.getState().candidates.map(({ id, kind }) => [id, kind])).toEqual([["job_2", "command"], ["trn_1", "fine_tune"]]);
    expect(store.getState().candidatesCut).toBe(true);
    peer.rest.delete("/jobs");
    await store.getState().fetchCandidates();
    expect(store.getState()).toMatchObject({ candidatesLoad: "ready", candidatesError: "nothing at /jobs" });
  });
});
