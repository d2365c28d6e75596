import { afterEach, describe, expect, it, vi } from "vitest";
import { api, ApiError } from "@/lib/api";
import { machineCharts } from "@/lib/machineCharts";
import { metricWords, sortMetrics } from "@/lib/metricWords";
import { runEvents, runMarks } from "@/lib/runMarks";
import type { JobResources } from "@/lib/types/job";
import type { SystemRange, SystemRangeItem } from "@/lib/types/system";
import { createRunStore } from "@/stores/runStore";
import { snapshot } from "../support/progress";
import { operation } from "../support/samples";

const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 12) + second * 1000).toISOString();
const unix = (second: number) => Date.UTC(2026, 0, 1, 12) / 1000 + second;
const FROM = at(0);

function item(second: number, changes: Partial<SystemRangeItem> = {}): SystemRangeItem {
  return {
    ts: at(second),
    samples: 1,
    cpu_percent: [10, 20, 30],
    memory_used: [1, 2, 3],
    swap_used: null,
    disk_read_rate: [0, 0, 0],
    disk_write_rate: [5, 6, 7],
    network_sent_rate: null,
    network_recv_rate: null,
    gpus: [],
    ...changes,
  };
}

function history(items: SystemRangeItem[], resolution = 10): SystemRange {
  return { host: "box", from: FROM, to: at(100), resolution_seconds: resolution, source: "memory", items };
}

function resources(changes: Partial<JobResources> = {}): JobResources {
  return { job_id: "job_1", source: "measured", processes: 1, cpu_percent: 90, rss_bytes: 1000, read_bytes_per_s: 0, write_bytes_per_s: 0, gpus: [], ...changes };
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe("runStore", () => {
  it("reads the machine once, then only what came since, and the last item again", async () => {
    const store = createRunStore();
    const read = vi.spyOn(api, "systemRange").mockResolvedValueOnce(history([item(0), item(10, { samples: 1 })]));
    await store.getState().fetchMachine("trn_1", null, FROM, null);
    expect(read).toHaveBeenLastCalledWith(FROM, null, { host: null });
    read.mockResolvedValueOnce(history([item(10, { samples: 5 }), item(20)]));
    await store.getState().fetchMachine("trn_1", null, FROM, null);
    expect(read).toHaveBeenLastCalledWith(at(10), null, { host: null, resolution: 10 });
    expect(store.getState().machine["trn_1"]?.history.items.map(({ ts, samples }) => [ts, samples])).toEqual([[at(0), 1], [at(10), 5], [at(20), 1]]);
  });

  it("reads it anew for another beginning, and keeps what it has when it can't", async () => {
    const store = createRunStore();
    const read = vi.spyOn(api, "systemRange").mockResolvedValue(history([item(0)]));
    await store.getState().fetchMachine("trn_1", null, FROM, null);
    read.mockRejectedValueOnce(new Error("gone"));
    await store.getState().fetchMachine("trn_1", null, FROM, null);
    expect(store.getState()).toMatchObject({ machineError: { trn_1: "gone" } });
    expect(store.getState().machine["trn_1"]?.history.items).toHaveLength(1);
    await store.getState().fetchMachine("trn_1", null, at(-60), at(50));
    expect(read).toHaveBeenLastCalledWith(at(-60), at(50), { host: null });
    expect(store.getState().machineError["trn_1"]).toBeNull();
  });

  it("asks for the machine that the job runs on, and begins anew when that is another", async () => {
    const store = createRunStore();
    const job = vi.spyOn(api, "job").mockResolvedValueOnce(operation({ status: "queued", host: null })).mockResolvedValue(operation({ host: "box2" }));
    const read = vi.spyOn(api, "systemRange").mockResolvedValue(history([item(0)]));
    await store.getState().fetchJob("job_1");
    // It was queued then, and has a place now.
    await store.getState().fetchMachine("trn_1", "job_1", FROM, null);
    expect(read).toHaveBeenLastCalledWith(FROM, null, { host: "box2" });
    expect(job).toHaveBeenCalledTimes(2);
    job.mockResolvedValue(operation({ host: "box3" }));
    await store.getState().fetchJob("job_1");
    await store.getState().fetchMachine("trn_1", "job_1", FROM, null);
    expect(read).toHaveBeenLastCalledWith(FROM, null, { host: "box3" });
    await store.getState().fetchMachine("trn_1", "job_1", FROM, null);
    expect(read).toHaveBeenLastCalledWith(at(0), null, { host: "box3", resolution: 10 });
    expect(store.getState().machine["trn_1"]?.host).toBe("box3");
  });

  it("shows no other machine while the job's can't be told, and the server's own if it never will be", async () => {
    const store = createRunStore();
    const job = vi.spyOn(api, "job").mockRejectedValueOnce(new ApiError("no answer", 0, "timeout"));
    const read = vi.spyOn(api, "systemRange").mockResolvedValue(history([item(0)]));
    await store.getState().fetchMachine("trn_1", "job_1", FROM, null);
    expect(read).not.toHaveBeenCalled();
    expect(store.getState().machineError["trn_1"]).toBe("no answer");
    job.mockRejectedValueOnce(new ApiError("no such job", 404, "not_found"));
    await store.getState().fetchMachine("trn_1", "job_1", FROM, null);
    expect(read).toHaveBeenLastCalledWith(FROM, null, { host: null });
  });

  it("gathers a job's readings, and leaves unknown what no reading tells", () => {
    const store = createRunStore();
    const { addUsage } = store.getState();
    addUsage("job_1", at(0), resources());
    addUsage("job_1", at(2), resources({ cpu_percent: null, rss_bytes: null, gpus: null }));
    addUsage("job_1", at(4), resources({ gpus: [{ gpu_id: 0, memory_bytes: 5, utilization: 1 }, { gpu_id: 1, memory_bytes: null, utilization: null }] }));
    addUsage("job_1", at(100), resources());
    const { x, lines } = store.getState().usage["job_1"] ?? { x: [], lines: [] };
    expect(x).toEqual([unix(0), unix(2), unix(4), unix(52), unix(100)]);
    expect(lines).toEqual([[90, null, 90, null, 90], [1000, null, 1000, null, 1000], [null, null, 5, null, null]]);
  });

  it("reads job and events, and does without where it can't", async () => {
    const store = createRunStore();
    vi.spyOn(api, "job").mockResolvedValueOnce(operation()).mockRejectedValueOnce(new Error("gone"));
    vi.spyOn(api, "progressHistory").mockResolvedValueOnce({ items: [snapshot(0, 1, { attempt: 1 }), snapshot(9, 1, { attempt: 2 })], next_cursor: null }).mockRejectedValueOnce(new Error("gone"));
    for (let i = 0; i < 2; i += 1) {
      await store.getState().fetchJob("job_1");
      await store.getState().fetchEvents("trn_1");
    }
    expect(store.getState().jobs["job_1"]?.id).toBe("job_1");
    expect(store.getState().events["trn_1"]).toEqual([{ kind: "restart", time: unix(9), label: "attempt 2" }]);
  });
});

describe("runEvents", () => {
  it("tell when a phase began, not when it was seen, and each attempt", () => {
    const events = runEvents([
      snapshot(0, 1, { attempt: 1, phase: "loading" }),
      snapshot(60, 1, { attempt: 1, phase: "training", phases: [{ name: "loading", seconds: 20 }, { name: "training", seconds: 40 }] }),
      snapshot(90, 1, { attempt: 1, phase: "training" }),
      snapshot(200, 1, { attempt: 2, phase: "loading" }),
      { ...snapshot(210, null), timestamp: "nonsense" },
      { ...snapshot(220, null), metrics: null },
    ]);
    expect(events).toEqual([
      { kind: "phase", time: unix(20), label: "training" },
      { kind: "restart", time: unix(200), label: "attempt 2" },
    ]);
  });

  it("lie on each x axis in their place, or are left out", () => {
    const rule = { step: [0, 100], time: [1000, 1100] };
    const events = [{ kind: "phase" as const, time: 1050, label: "training" }];
    const xs = (xBy: "step" | "relative" | "wall") => runMarks(events, [{ step: 100 }], xBy, 900, rule).map(({ x }) => x);
    expect([xs("step"), xs("relative"), xs("wall")]).toEqual([[100, 50], [200, 150], [1100, 1050]]);
    expect(runMarks(events, [{ step: 5 }], "relative", 0, { step: [], time: [] }).map(({ kind }) => kind)).toEqual(["phase"]);
  });
});

describe("machineCharts", () => {
  it("draw mean and band in the middle of each item's time, and a time without items as a gap", () => {
    const { x, charts } = machineCharts(history([item(0), item(10), item(20), item(100)]));
    expect([...x].map((each) => each - unix(0))).toEqual([5, 15, 25, 65, 105]);
    const [cpu] = charts;
    expect(cpu?.lines[0]?.values).toEqual([20, 20, 20, null, 20]);
    expect(cpu?.lines[0]?.band).toEqual({ low: [10, 10, 10, null, 10], high: [30, 30, 30, null, 30] });
    const network = charts.find(({ key }) => key === "network");
    expect(network?.lines[0]?.values).toEqual([null, null, null, null, null]);
  });

  it("have two charts for each GPU that there ever was", () => {
    const gpu = { gpu_id: 3, utilization: [1, 2, 3] as [number, number, number], memory_used: null, temperature: null, power_usage: null };
    const { charts } = machineCharts(history([item(0), item(10, { gpus: [gpu] })]));
    const own = charts.filter(({ key }) => key.startsWith("gpu-"));
    expect(own.map(({ title }) => title)).toEqual(["GPU 3", "GPU 3 memory"]);
    expect(own[0]?.lines[0]?.values).toEqual([null, 2]);
  });

  it("are empty of nothing", () => {
    expect(machineCharts(history([])).x).toHaveLength(0);
  });
});

describe("metrics", () => {
  it("stand in their order: the known ones, then the others by name", () => {
    expect(sortMetrics(["zeta", "grad_norm", "alpha", "loss"])).toEqual(["loss", "grad_norm", "alpha", "zeta"]);
  });

  it("have a title and a way of writing", () => {
    expect(metricWords("val/perplexity").title).toBe("val/perplexity");
    expect(metricWords("val/perplexity").format(123_456)).toBe("123\u202fk");
    expect(metricWords("gpu_memory_used_mb").format(2048)).toBe("2.0\u202fGiB");
    expect(metricWords("loss").format(null)).toBe("–");
  });
});
