import { describe, expect, it } from "vitest";
import { choices, isNarrowed, matchesFilter, narrow, type OperationFilter } from "@/lib/operationFilter";
import { countOperations, listOperations, mergeOperation, queuePlaces, waitsForTime } from "@/lib/operationLists";
import type { Operation } from "@/lib/types/job";
import { operation } from "../support/samples";

const NOW = Date.parse("2026-01-01T12:10:00.000Z");
const ALL: OperationFilter = { text: "", kind: "", host: "", view: "all" };

function listed(...jobs: Operation[]) {
  return listOperations(Object.fromEntries(jobs.map((job) => [job.id, job])));
}

describe("lists of operations", () => {
  it("put what needs a look first, and failures apart until they are dismissed or retried [24]", () => {
    const lists = listed(
      operation({ id: "q", status: "queued" }),
      operation({ id: "r" }),
      operation({ id: "s", status: "stalled" }),
      operation({ id: "f", status: "failed" }),
      operation({ id: "d", status: "failed", dismissed: true }),
      operation({ id: "t", status: "failed", retried_by: "r" }),
      operation({ id: "c", status: "completed", finished_at: "2026-01-01T12:05:00.000Z" }),
    );
    expect(lists.activeOperations.map((job) => job.id)).toEqual(["s", "r", "q"]);
    expect(lists.failedOperations.map((job) => job.id)).toEqual(["f"]);
    expect(lists.finishedOperations.map((job) => job.id)).toEqual(["c", "d", "t"]);
    expect(countOperations(lists)).toMatchObject({ queued: 1, running: 1, stalled: 1, failed: 1, finished: 3 });
  });

  it("keep what only one of two tellings brings", () => {
    const known = operation({ params: { k: 1 }, version: 3 });
    const merged = mergeOperation(known, operation({ version: 4, progress: 70 }));
    expect(merged).toMatchObject({ params: { k: 1 }, progress: 70 });
    expect(mergeOperation(merged, operation({ version: 2, progress: 1 })).progress).toBe(70);
  });

  it("number the queued of each queue and class in the order in which they are taken", () => {
    const job = (id: string, changes: Partial<Operation>) => operation({ id, status: "queued", ...changes });
    const late = job("late", { created_at: "2026-01-01T12:00:03.000Z" });
    const early = job("early", { created_at: "2026-01-01T12:00:01.000Z" });
    const urgent = job("urgent", { created_at: "2026-01-01T12:00:05.000Z", priority: 9 });
    const gpu = job("gpu", { resource_class: "gpu" });
    const waits = job("waits", { not_before: "2026-01-01T13:00:00.000Z" });
    const waited = job("waited", { created_at: "2026-01-01T11:00:00.000Z", not_before: "2026-01-01T12:00:02.000Z" });
    const places = queuePlaces([late, early, urgent, gpu, waits, waited], NOW);
    expect(Object.fromEntries(places)).toEqual({ urgent: 1, early: 2, waited: 3, late: 4, gpu: 1 });
    expect(waitsForTime(waits, NOW)).toBe(true);
  });
});

describe("narrowing", () => {
  it("takes all words, the kind and the host together", () => {
    const job = operation({ name: "sae layer 2", host: "box" });
    expect(matchesFilter(job, { ...ALL, text: "LAYER training" })).toBe(true);
    expect(matchesFilter(job, { ...ALL, text: "layer extraction" })).toBe(false);
    expect(matchesFilter(job, { ...ALL, kind: "extract" })).toBe(false);
    expect(matchesFilter(job, { ...ALL, host: "other" })).toBe(false);
    expect([isNarrowed(ALL), isNarrowed({ ...ALL, host: "box" })]).toEqual([false, true]);
  });

  it("shows a view's jobs and no others", () => {
    const active = [operation({ id: "r" }), operation({ id: "c", status: "cancelling" }), operation({ id: "p", status: "paused" }), operation({ id: "q", status: "queued" })];
    const failed = [operation({ id: "f", status: "failed" })];
    const finished = [operation({ id: "e", status: "completed" })];
    const ids = (view: string) => {
      const shown = narrow({ active, failed, finished }, { ...ALL, view });
      return [shown.moving, shown.queued, shown.failed, shown.finished].map((list) => list.map((job) => job.id).join(""));
    };
    expect(ids("all")).toEqual(["rcp", "q", "f", "e"]);
    expect(ids("running")).toEqual(["rc", "", "", ""]);
    expect(ids("paused")).toEqual(["p", "", "", ""]);
    expect(ids("queued")).toEqual(["", "q", "", ""]);
    expect(ids("failed")).toEqual(["", "", "f", ""]);
    expect(ids("finished")).toEqual(["", "", "", "e"]);
  });

  it("offers the kinds and hosts that there are", () => {
    expect(choices([operation(), operation({ kind: "extract", host: "b" }), operation({ host: null })])).toEqual({ kinds: ["extract", "train_sae"], hosts: ["b", "box"] });
  });
});
