import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createProgressHistoryStore } from "@/stores/progressHistoryStore";
import { Peer } from "../../support/peer";
import { AT, snapshot } from "../../support/progress";
import { operation } from "../../support/samples";

let peer: Peer;
beforeEach(async () => {
  peer = new Peer();
  await peer.start();
});
afterEach(async () => {
  await peer.stop();
});

const at = (ms: number) => new Date(AT + ms).toISOString();

describe("progressHistoryStore", () => {
  it("reads all pages, and later only what is new", async () => {
    const rows = [snapshot(0, 0), snapshot(10, 20), snapshot(20, 40)];
    peer.rest.set("/progress-history", (query: URLSearchParams) => {
      if (query.get("cursor") === "two") return { items: [rows[1]], next_cursor: null };
      if (query.get("start_time") === rows[1]?.timestamp) return { items: rows.slice(1), next_cursor: null };
      return { items: [rows[0]], next_cursor: "two" };
    });
    const store = createProgressHistoryStore();
    await store.getState().fetchHistory("trn_1");
    expect(store.getState().histories["trn_1"]?.snapshots.map(({ id }) => id)).toEqual([1, 11]);
    await store.getState().fetchHistory("trn_1", true);
    expect(store.getState().histories["trn_1"]?.snapshots.map(({ id }) => id)).toEqual([1, 11, 21]);
    expect(peer.requests).toHaveLength(3);
    expect(peer.requests[0]).toBe("GET /progress-history?entity_id=trn_1");
  });

  it("says why a history can't be read, and keeps one that was", async () => {
    const store = createProgressHistoryStore();
    await store.getState().fetchHistory("trn_none");
    expect(store.getState().histories["trn_none"]).toMatchObject({ load: "error", error: "nothing at /progress-history" });
    peer.rest.set("/progress-history", { items: [snapshot(0, 0)], next_cursor: null });
    await store.getState().fetchHistory("trn_1");
    peer.rest.delete("/progress-history");
    await store.getState().fetchHistory("trn_1", true);
    expect(store.getState().histories["trn_1"]).toMatchObject({ load: "ready", error: "nothing at /progress-history" });
    expect(store.getState().histories["trn_1"]?.snapshots).toHaveLength(1);
  });

  it("takes a running job's reports as points, two a second at most, and tells its turns", () => {
    const { noteOperation } = createProgressHistoryStore().getState();
    const store = createProgressHistoryStore();
    const note = (ms: number, progress: number | null, changes = {}) =>
      store.getState().noteOperation("trn_1", operation({ progress, updated_at: at(ms), ...changes }));
    expect(noteOperation("trn_1", operation())).toBe(true);
    expect(note(0, 1)).toBe(true);
    expect(note(100, 2)).toBe(false);
    expect(note(200, 3)).toBe(false);
    expect(note(900, 4)).toBe(false);
    expect(note(900, 4)).toBe(false);
    expect(note(1000, null)).toBe(false);
    expect(note(1500, 5, { status: "paused" })).toBe(true);
    expect(store.getState().histories["trn_1"]?.live.map(({ at: ms, progress }) => [ms - AT, progress])).toEqual([[0, 1], [200, 3], [900, 4]]);
  });

  it("thins out the older half of very many", () => {
    const store = createProgressHistoryStore();
    for (let i = 0; i < 1300; i += 1) store.getState().noteOperation("trn_1", operation({ progress: i / 20, updated_at: at(i * 1000) }));
    const live = store.getState().histories["trn_1"]?.live ?? [];
    expect(live.length).toBeLessThanOrEqual(1200);
    expect(live[0]?.at).toBe(AT);
    expect(live[live.length - 1]?.at).toBe(AT + 1_299_000);
  });
});
