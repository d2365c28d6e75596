import { act, renderHook } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { useJob } from "@/hooks/useJob";
import { useJobResources } from "@/hooks/useJobResources";
import { useJobTimeline } from "@/hooks/useJobTimeline";
import { useMachineLevels } from "@/hooks/useMachineLevels";
import { useOperationsWebSocket } from "@/hooks/useOperationsWebSocket";
import { Gatherer, Throttle } from "@/lib/throttle";
import type { Operation } from "@/lib/types/job";
import { operationsStore } from "@/stores/operationsStore";
import { systemMonitorStore } from "@/stores/systemMonitorStore";
import { eventually } from "../support/eventually";
import { Peer } from "../support/peer";
import { cpu, operation } from "../support/samples";

const COUNTS = { queued: 0, starting: 0, running: 1, paused: 0, stalled: 0, cancelling: 0, failed: 0, finished: 0 };
let peer: Peer;
let active: Operation[];

const resources = (jobIds: string[]) => ({
  host: "box",
  cpu: { used_percent: 100, total_percent: 200, jobs: jobIds.map((job_id) => ({ job_id, cpu_percent: 1, source: "measured" })), unattributed_percent: 99 },
  memory: { used: 1, total: 2, jobs: [], unattributed_bytes: 1 },
  disk: { read_bytes_per_s: 0, write_bytes_per_s: 0, jobs: [], unattributed_read_bytes_per_s: 0, unattributed_write_bytes_per_s: 0 },
  gpus: [],
});

beforeEach(async () => {
  operationsStore.setState(operationsStore.getInitialState(), true);
  systemMonitorStore.setState(systemMonitorStore.getInitialState(), true);
  active = [operation()];
  peer = new Peer();
  await peer.start();
  peer.rest.set("/operations", (query: URLSearchParams) => ({
    items: query.get("state") === "active" ? active : [],
    next_cursor: null,
    counts: COUNTS,
    workers: [],
    unserved: [{ queue: "night", resource_class: "gpu", jobs: 2 }],
    resources: resources(active.map((job) => job.id)),
    server_time: "2026-01-01T13:00:00.000Z",
  }));
});
afterEach(async () => {
  await peer.stop();
});

const state = () => operationsStore.getState();
const asked = (part: string) => peer.requests.filter((it) => it.includes(part)).length;
async function subscribed(channel: string) {
  await eventually(() => {
    expect(peer.subscribes.map((it) => it.channel)).toContain(channel);
  });
}

describe("useOperationsWebSocket", () => {
  it("reads the lists, takes events together, and asks for what no event brings when a job has moved", async () => {
    renderHook(() => {
      useOperationsWebSocket();
    });
    await subscribed("operations");
    await eventually(() => {
      expect(state().load).toBe("ready");
      expect(state().unserved).toHaveLength(1);
    });
    const summaries = asked("state=active&limit=1");
    active = [operation(), operation({ id: "job_2" })];
    peer.publish("operations", "operation:created", operation({ id: "job_2", status: "queued", worker_id: null }));
    peer.publish("operations", "operation:updated", operation({ id: "job_2", version: 18 }));
    await eventually(() => {
      expect(state().counts.running).toBe(2);
    });
    await eventually(() => {
      expect(asked("state=active&limit=1")).toBeGreaterThan(summaries);
      expect(state().systemResources?.cpu.jobs.map((job) => job.job_id)).toContain("job_2");
    });
  });

  it("reads everything again when a loss could not be recovered [13]", async () => {
    renderHook(() => {
      useOperationsWebSocket();
    });
    await subscribed("operations");
    await eventually(() => {
      expect(state().load).toBe("ready");
    });
    active = [operation({ progress: 90, version: 40 })];
    peer.loseState("epoch-2");
    peer.cut();
    await eventually(() => {
      expect(state().activeOperations[0]?.progress).toBe(90);
    });
  });
});

describe("useJobResources", () => {
  it("follows each job, and leaves the others' subscriptions alone when one comes or goes [6]", async () => {
    state().applyOperation(operation());
    state().applyOperation(operation({ id: "job_2" }));
    const { rerender, unmount } = renderHook(({ ids }) => {
      useJobResources(ids);
    }, { initialProps: { ids: ["job_1"] } });
    await subscribed("jobs/job_1/resources");
    rerender({ ids: ["job_1", "job_2"] });
    await subscribed("jobs/job_2/resources");
    peer.publish("jobs/job_1/resources", "job:resources", { job_id: "job_1", source: "measured", processes: 1, cpu_percent: 77, rss_bytes: 1, read_bytes_per_s: 0, write_bytes_per_s: 0, gpus: [] });
    await eventually(() => {
      expect(state().operations["job_1"]?.resources?.cpu_percent).toBe(77);
    });
    rerender({ ids: ["job_2"] });
    await eventually(() => {
      expect(peer.unsubscribes).toEqual(["jobs/job_1/resources"]);
    });
    expect(peer.subscribes.filter((it) => it.channel === "jobs/job_2/resources")).toHaveLength(1);
    unmount();
    await eventually(() => {
      expect(peer.unsubscribes).toEqual(["jobs/job_1/resources", "jobs/job_2/resources"]);
    });
  });
});

describe("useMachineLevels", () => {
  it("keeps what was told live, with colours for who uses something", () => {
    operationsStore.setState({ systemResources: resources(["job_1"]) as never });
    state().applyOperation(operation({ resources: { job_id: "job_1", source: "measured", processes: 1, cpu_percent: 60, rss_bytes: 0, read_bytes_per_s: 0, write_bytes_per_s: 0, gpus: [] } }));
    systemMonitorStore.setState({ history: { "system/disk": { x: Float64Array.of(1, 2), lines: [Float64Array.of(NaN, 5), Float64Array.of(NaN, NaN)] } } });
    const { result } = renderHook(() => useMachineLevels());
    expect(result.current.levels?.find((level) => level.key === "cpu")).toMatchObject({ used: 100, rest: 40 });
    act(() => {
      systemMonitorStore.getState().updateCPUMetricsFromWebSocket(cpu(1, 40));
    });
    expect(result.current.levels?.find((level) => level.key === "cpu")).toMatchObject({ used: 80, rest: 20 });
    expect([...result.current.colors.keys()]).toEqual(["job_1"]);
    expect(result.current.peaks).toEqual({ "disk-read": 5, "disk-write": null });
    expect(result.current.host).toBe("box");
  });

  it("knows nothing before it was told", () => {
    expect(renderHook(() => useMachineLevels()).result.current).toMatchObject({ levels: null, host: null });
  });
});

describe("useJob", () => {
  it("reads the job, and again at its end and after a loss; and says why it can't", async () => {
    peer.rest.set("/jobs/job_1", operation({ params: { k: 1 } }));
    const { result } = renderHook(() => useJob("job_1"));
    await eventually(() => {
      expect(result.current.job?.params).toEqual({ k: 1 });
    });
    await subscribed("jobs/job_1/progress");
    peer.rest.set("/jobs/job_1", operation({ status: "completed", result: { loss: 1 }, version: 30 }));
    peer.publish("jobs/job_1/progress", "job:completed", { job_id: "job_1", status: "completed" });
    await eventually(() => {
      expect(result.current.job?.result).toEqual({ loss: 1 });
    });
    const reads = asked("/jobs/job_1");
    peer.loseState("epoch-2");
    peer.cut();
    await eventually(() => {
      expect(asked("/jobs/job_1")).toBeGreaterThan(reads);
    });
    const gone = renderHook(() => useJob("job_9"));
    await eventually(() => {
      expect(gone.result.current.error).toBe("nothing at /jobs/job_9");
    });
  });
});

describe("useJobTimeline", () => {
  const page = (names: string[]) => ({ job_id: "job_1", items: names.map((name, i) => ({ seq: i + 1, at: "2026-01-01T12:00:00.000Z", attempt: 1, event: "status", name, text: null })), phases_left_out: false });

  it("is read when the job moves, with a training's checkpoints", async () => {
    peer.rest.set("/jobs/job_1/timeline", page(["queued"]));
    peer.rest.set("/trainings/trn_1/checkpoints", { items: [{ step: 5, created_at: "2026-01-01T12:00:00.000Z" }], next_cursor: null });
    const { result, rerender } = renderHook(({ job }) => useJobTimeline(job), { initialProps: { job: operation({ status: "queued" }) } });
    await eventually(() => {
      expect(result.current.page?.items).toHaveLength(1);
      expect(result.current.checkpoints).toHaveLength(1);
    });
    peer.rest.set("/jobs/job_1/timeline", page(["queued", "running"]));
    peer.rest.delete("/trainings/trn_1/checkpoints");
    rerender({ job: operation({ status: "queued", message: "nothing moved" }) });
    rerender({ job: operation() });
    await eventually(() => {
      expect(result.current.page?.items).toHaveLength(2);
    });
    expect(result.current.checkpoints).toHaveLength(1);
    expect(asked("/jobs/job_1/timeline")).toBe(2);
  });

  it("says why it can't be read", async () => {
    const { result } = renderHook(() => useJobTimeline(operation({ id: "job_9", entity_type: null })));
    await eventually(() => {
      expect(result.current.error).toBe("nothing at /jobs/job_9/timeline");
    });
  });
});

describe("Throttle and Gatherer", () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("runs soon, then at most once a gap, and never forgets the last request", () => {
    const run = vi.fn();
    const throttle = new Throttle(run, 100);
    throttle.request();
    throttle.request();
    vi.advanceTimersByTime(0);
    expect(run).toHaveBeenCalledTimes(1);
    throttle.request();
    vi.advanceTimersByTime(99);
    expect(run).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(1);
    expect(run).toHaveBeenCalledTimes(2);
    throttle.request();
    throttle.cancel();
    vi.advanceTimersByTime(1000);
    expect(run).toHaveBeenCalledTimes(2);
  });

  it("hands over together what came one by one, and takes its time where it comes by the dozen", () => {
    const taken: number[] = [];
    const gatherer = new Gatherer<number>((items) => taken.push(items.length), 100);
    for (let i = 0; i < 50; i += 1) gatherer.add(i);
    vi.advanceTimersByTime(0);
    gatherer.add(1);
    vi.advanceTimersByTime(399);
    expect(taken).toEqual([50]);
    vi.advanceTimersByTime(1);
    expect(taken).toEqual([50, 1]);
    gatherer.add(2);
    gatherer.stop();
    vi.advanceTimersByTime(1000);
    expect(taken).toEqual([50, 1]);
  });
});
