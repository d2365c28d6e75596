import { renderHook } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { useMachine, useRun } from "@/hooks/useRun";
import { useSteady } from "@/hooks/useSteady";
import { Pacer } from "@/lib/pacer";
import { runStore } from "@/stores/runStore";
import { Peer } from "../support/peer";
import { operation, training } from "../support/samples";

vi.setConfig({ testTimeout: 30_000 });
const soon = (holds: () => void) => vi.waitFor(holds, { timeout: 10_000 });
const HISTORY = { host: "box", from: "", to: "", resolution_seconds: 10, source: "memory", items: [] };
const RESOURCES = "jobs/job_1/resources";

let peer: Peer;
beforeEach(async () => {
  runStore.setState(runStore.getInitialState(), true);
  peer = new Peer();
  await peer.start();
  peer.rest.set("/jobs/job_1", operation());
  peer.rest.set("/progress-history", { items: [] });
  peer.rest.set("/system/history", HISTORY);
});
afterEach(async () => {
  await peer.stop();
});

describe("useRun", () => {
  it("reads the job, and gathers its readings as long as it is active", async () => {
    const { rerender, unmount } = renderHook(({ status }: { status: "running" | "completed" }) => { useRun(training({ status })); }, { initialProps: { status: "running" } });
    await soon(() => {
      expect(peer.subscribes.map(({ channel }) => channel)).toEqual([RESOURCES]);
      expect(runStore.getState().jobs["job_1"]?.id).toBe("job_1");
    });
    peer.publish(RESOURCES, "job:resources", { job_id: "job_1", source: "measured", processes: 1, cpu_percent: 50, rss_bytes: 7, read_bytes_per_s: 0, write_bytes_per_s: 0, gpus: [] });
    await soon(() => {
      expect(runStore.getState().usage["job_1"]?.lines[1]).toEqual([7]);
    });
    rerender({ status: "completed" });
    await soon(() => {
      expect(peer.unsubscribes).toEqual([RESOURCES]);
    });
    unmount();
  });

  it("waits for a training that isn't known yet", () => {
    renderHook(() => { useRun(undefined); });
    expect(peer.client.subscriptions()).toEqual([]);
  });
});

describe("useMachine", () => {
  const asked = () => peer.requests.filter((request) => request.includes("/system/history"));

  it("of a run that ended is read once, from a little before", async () => {
    renderHook(() => { useMachine("trn_1", "job_1", "2026-01-01T12:00:10.000Z", "2026-01-01T12:01:00.000Z"); });
    await soon(() => {
      expect(asked()).toEqual(["GET /system/history?from=2026-01-01T12%3A00%3A00.000Z&to=2026-01-01T12%3A01%3A00.000Z&host=box"]);
    });
  });

  it("of one that goes on has no end, and the job's usage is read with it; of none nothing is asked", async () => {
    renderHook(() => { useMachine("trn_2", "job_1", null, null); });
    const { unmount } = renderHook(() => { useMachine("trn_1", "job_1", "2026-01-01T12:00:10.000Z", null); });
    await soon(() => {
      expect(runStore.getState().jobs["job_1"]?.id).toBe("job_1");
    });
    await soon(() => {
      expect(asked()).toEqual(["GET /system/history?from=2026-01-01T12%3A00%3A00.000Z&host=box"]);
    });
    unmount();
  });
});

describe("Pacer", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("does once what was asked for often, never two at a time, and once more for who asked meanwhile", async () => {
    let finish: () => void = () => {};
    const work = vi.fn(() => new Promise<void>((done) => { finish = done; }));
    const pacer = new Pacer(work, 100);
    for (let i = 0; i < 5; i += 1) pacer.ask();
    await vi.advanceTimersByTimeAsync(100);
    expect(work).toHaveBeenCalledTimes(1);
    pacer.ask();
    await vi.advanceTimersByTimeAsync(1000);
    expect(work).toHaveBeenCalledTimes(1);
    finish();
    await vi.advanceTimersByTimeAsync(100);
    expect(work).toHaveBeenCalledTimes(2);
    finish();
    pacer.stop();
    pacer.ask();
    await vi.advanceTimersByTimeAsync(1000);
    expect(work).toHaveBeenCalledTimes(2);
  });

  it("rests while the tab is hidden [34]", async () => {
    const work = vi.fn(() => Promise.resolve());
    const pacer = new Pacer(work, 100);
    const hidden = vi.spyOn(document, "hidden", "get").mockReturnValue(true);
    pacer.ask();
    await vi.advanceTimersByTimeAsync(500);
    expect(work).not.toHaveBeenCalled();
    hidden.mockReturnValue(false);
    pacer.ask();
    await vi.advanceTimersByTimeAsync(100);
    expect(work).toHaveBeenCalledTimes(1);
  });
});

describe("useSteady", () => {
  it("gives the newest value, at most as often as asked", async () => {
    const { result, rerender } = renderHook(({ value }) => useSteady(value, 60), { initialProps: { value: 0 } });
    for (let value = 1; value <= 20; value += 1) rerender({ value });
    await soon(() => {
      expect(result.current).toBe(20);
    });
  });
});
