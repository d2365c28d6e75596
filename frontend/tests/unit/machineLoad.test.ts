import { describe, expect, it } from "vitest";
import { assignColors } from "@/lib/jobColors";
import { levelSentence, namedShares, segmentsOf, shareText } from "@/lib/levelWords";
import { isUnplaced, localJobs, machineLevels, type Level } from "@/lib/machineLoad";
import type { JobResources, MachineLoad, Operation } from "@/lib/types/job";
import type { GpuMetrics } from "@/lib/types/system";
import { cpu, memory, operation } from "../support/samples";

const NOTHING = { cpu: null, memory: null, disk: null, gpus: [] };

function load(jobIds: string[]): MachineLoad {
  return {
    host: "box",
    cpu: { used_percent: 150, total_percent: 200, jobs: jobIds.map((job_id) => ({ job_id, cpu_percent: null, source: "unknown" })), unattributed_percent: 150 },
    memory: { used: 80, total: 100, jobs: [], unattributed_bytes: 80 },
    disk: { read_bytes_per_s: null, write_bytes_per_s: 10, jobs: [], unattributed_read_bytes_per_s: null, unattributed_write_bytes_per_s: 10 },
    gpus: [],
  };
}

function reading(jobId: string, changes: Partial<JobResources> = {}): JobResources {
  return { job_id: jobId, source: "measured", processes: 1, cpu_percent: 0, rss_bytes: 0, read_bytes_per_s: 0, write_bytes_per_s: 0, gpus: [], ...changes };
}

function jobs(...list: Operation[]): Record<string, Operation> {
  return Object.fromEntries(list.map((job) => [job.id, job]));
}

function level(levels: Level[], key: string): Level {
  const found = levels.find((it) => it.key === key);
  if (found === undefined) throw new Error(`no level ${key}`);
  return found;
}

function gpu(changes: Partial<GpuMetrics> = {}): GpuMetrics {
  return {
    ts: "2026-01-01T12:00:00.000Z", gpu_id: 0, name: "G", utilization: 80, memory_used: 800, memory_total: 1000, memory_percent: 80,
    temperature: null, power_usage: null, power_limit: null, fan_speed: null, clock_sm: null, clock_memory: null, processes: null, ...changes,
  };
}

describe("whose the machine's load is", () => {
  it("takes the newest readings of the machine and of the jobs in place of what was told", () => {
    const operations = jobs(operation({ id: "a", resources: reading("a", { cpu_percent: 60, rss_bytes: 10 }) }));
    const levels = machineLevels(load(["a"]), { ...NOTHING, cpu: cpu(1, 50), memory: memory(1) }, operations);
    expect(level(levels, "cpu")).toMatchObject({ used: 100, total: 200, rest: 40, shares: [{ jobId: "a", amount: 60, source: "measured" }] });
    expect(level(levels, "memory")).toMatchObject({ used: 40, total: 100, rest: 30 });
    expect(level(levels, "disk-read")).toMatchObject({ used: null, rest: null });
  });

  it("scales jobs that come to more than the machine down to it, and leaves no negative rest", () => {
    const operations = jobs(
      operation({ id: "a", resources: reading("a", { cpu_percent: 300 }) }),
      operation({ id: "b", resources: reading("b", { cpu_percent: 100 }) }),
    );
    const { shares, rest } = level(machineLevels(load(["a", "b"]), { ...NOTHING, cpu: cpu(1, 50) }, operations), "cpu");
    expect(shares.map((share) => share.amount)).toEqual([75, 25]);
    expect(rest).toBe(0);
  });

  it("counts no job of another host, none that is queued or has ended", () => {
    const operations = jobs(
      operation({ id: "here", resources: reading("here", { cpu_percent: 10 }) }),
      operation({ id: "elsewhere", resources: reading("elsewhere", { cpu_percent: 90 }) }),
      operation({ id: "over", status: "completed", resources: reading("over", { cpu_percent: 90 }) }),
    );
    const { shares } = level(machineLevels(load(["here", "over"]), NOTHING, operations), "cpu");
    expect(shares.map((share) => share.jobId)).toEqual(["here"]);
  });

  it("says unknown of a stalled job, whose reading is old, and never 0 [32]", () => {
    const operations = jobs(operation({ id: "a", status: "stalled", resources: reading("a", { cpu_percent: 90 }) }));
    const cpuLevel = level(machineLevels(load(["a"]), NOTHING, operations), "cpu");
    expect(cpuLevel.shares).toEqual([{ jobId: "a", amount: null, source: "unknown" }]);
    expect(cpuLevel.shares.map((share) => shareText(cpuLevel, share))).toEqual(["not known"]);
  });

  it("lists an estimate where such a job uses something, without a number", () => {
    const estimate = reading("a", { source: "estimated", expected: ["gpu"], cpu_percent: null, rss_bytes: null, read_bytes_per_s: null, write_bytes_per_s: null, gpus: null });
    const levels = machineLevels(load(["a"]), { ...NOTHING, gpus: [gpu()] }, jobs(operation({ id: "a", resources: estimate })));
    expect(level(levels, "cpu").shares).toEqual([]);
    expect(level(levels, "gpu-0").shares).toEqual([{ jobId: "a", amount: null, source: "estimated" }]);
  });

  it("tells the GPUs' use and memory apart, and which job has which", () => {
    const operations = jobs(
      operation({ id: "a", resources: reading("a", { gpus: [{ gpu_id: 0, memory_bytes: 600, utilization: 70 }] }) }),
      operation({ id: "b", resources: reading("b") }),
    );
    const levels = machineLevels(load(["a", "b"]), { ...NOTHING, gpus: [gpu(), gpu({ gpu_id: 1, utilization: null, memory_used: null })] }, operations);
    expect(levels.map((it) => it.key).slice(0, 4)).toEqual(["gpu-0", "gpu-0-memory", "gpu-1", "gpu-1-memory"]);
    expect(level(levels, "gpu-0-memory")).toMatchObject({ used: 800, total: 1000, rest: 200, shares: [{ jobId: "a", amount: 600 }] });
    expect(level(levels, "gpu-1")).toMatchObject({ used: null, rest: null, shares: [] });
  });

  it("knows which jobs the server has placed on its host, and which it must be asked about", () => {
    const placed = localJobs(load(["a"]));
    expect([...placed]).toEqual(["a"]);
    expect(isUnplaced(operation({ id: "b" }), placed)).toBe(true);
    expect(isUnplaced(operation({ id: "a" }), placed)).toBe(false);
    expect(isUnplaced(operation({ id: "c", status: "queued", worker_id: null }), placed)).toBe(false);
  });
});

describe("a level in words and parts", () => {
  const shown: Level = {
    key: "cpu", name: "CPU", unit: "percent", used: 100, total: 200, rest: 20,
    shares: [
      { jobId: "a", amount: 60, source: "measured" },
      { jobId: "b", amount: 19.5, source: "measured" },
      { jobId: "c", amount: 0.5, source: "measured" },
      { jobId: "d", amount: null, source: "unknown" },
    ],
  };

  it("puts jobs with a colour first, the others together, and leaves out what can't be seen", () => {
    expect(segmentsOf(shown, 200, ["b", "a"])).toEqual([
      { key: "b", jobId: "b", percent: 9.75 },
      { key: "a", jobId: "a", percent: 30 },
      { key: "rest", jobId: null, percent: 10 },
    ]);
    expect(segmentsOf({ ...shown, used: null }, 200, ["a"])).toEqual([]);
  });

  it("is one sentence for who can't see the bar", () => {
    const text = levelSentence(shown, (id) => `job ${id}`).replace(/\u202f/g, " ");
    expect(text).toBe("CPU: 100 % of 200 %; job a 60 %, job b 20 %, job c 1 %, job d not known, unattributed 20 %");
  });

  it("names four and counts the others", () => {
    const many = { ...shown, shares: Array.from({ length: 9 }, (_, i) => ({ jobId: `j${9 - i}`, amount: 9 - i, source: "measured" as const })) };
    const { named, more, moreAmount } = namedShares(many);
    expect(named.map((share) => share.jobId)).toEqual(["j6", "j7", "j8", "j9"]);
    expect([more, moreAmount]).toEqual([5, 15]);
    expect(levelSentence(many, (id) => id)).toContain("5 more jobs");
  });

  it("gives each job a colour that it keeps, and none beyond eight", () => {
    const first = assignColors(new Map(), ["a", "b"]);
    const second = assignColors(first, ["c", "b"]);
    expect(second.get("b")).toBe(first.get("b"));
    expect(new Set(second.values()).size).toBe(2);
    expect(assignColors(second, ["b", "c"])).toBe(second);
    expect(assignColors(new Map(), Array.from({ length: 12 }, (_, i) => `j${i}`)).size).toBe(8);
  });
});
