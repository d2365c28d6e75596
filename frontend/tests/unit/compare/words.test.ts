import { describe, expect, it } from "vitest";
import { inDivergence, phaseRows, sentenceOf, tenthCells } from "@/lib/comparisonWords";
import { comparable, gpuPeak, RESULT_COLUMNS, shownColumns, type RunFacts } from "@/lib/runResults";
import { readZoom, writeZoom } from "@/lib/zoomText";
import { findCandidates } from "@/features/compare/RunPicker";
import { AT, comparedRun, comparison } from "../../support/progress";
import { operation, training } from "../../support/samples";

const two = (a = {}, b = {}) => comparison([comparedRun("trn_1", a), comparedRun("trn_2", b)]);

describe("the server's sentence", () => {
  it("has the page's names for ids, and ends as a sentence", () => {
    const told = { ...two(), sentence: "trn_1 was 3 % faster than trn_2" };
    expect(sentenceOf(told, new Map([["trn_1", "sae · 11111"], ["trn_2", "sae · 22222"]]))).toBe("sae · 11111 was 3 % faster than sae · 22222.");
    expect(sentenceOf({ ...told, sentence: "there is no stretch of progress that these runs have in common" }, new Map())).toMatch(/^There is no.*common\.$/);
  });
});

describe("tenths", () => {
  it("are set against the quickest, only where a run went through the whole tenth", () => {
    const cells = tenthCells(two({ tenths: [1, 2, 3, null, null, null, null, null, null, null], reached: 25 }, { tenths: [2, 1, 1, 1, 1, 1, 1, 1, 1, 1] }));
    expect(cells[0]?.slice(0, 4)).toEqual([{ seconds: 1, ratio: 1 }, { seconds: 2, ratio: 2 }, { seconds: 3, ratio: null }, { seconds: null, ratio: null }]);
    expect(cells[1]?.slice(0, 3).map(({ ratio }) => ratio)).toEqual([2, 1, null]);
  });

  it("are set against each other by what there was to do where that differs", () => {
    const told = { ...two({ total: 1000 }, { total: 2000, tenths: Array.from({ length: 10 }, () => 2) }), basis: "units" as const };
    expect(tenthCells(told).map((row) => row[0]?.ratio)).toEqual([1, 1]);
  });

  it("know the stretch where runs diverge", () => {
    expect([3, 4, 5, 6].map((tenth) => inDivergence(two(), tenth))).toEqual([false, true, true, false]);
    expect(inDivergence({ ...two(), diverge: null }, 4)).toBe(false);
  });
});

describe("phases", () => {
  it("are those that any run had, with what lay outside of them, and the time that it stood", () => {
    const told = two({ phases: [{ name: "loading", seconds: 2 }, { name: "training", seconds: 8 }] }, { duration_seconds: 20, standing_seconds: 300 });
    expect(phaseRows(told)).toEqual([
      { name: "loading", seconds: [2, null] },
      { name: "training", seconds: [8, 10] },
      { name: "outside of any phase", seconds: [null, 10] },
      { name: "standing: paused or waiting", seconds: [null, 300] },
    ]);
  });
});

describe("results", () => {
  const facts = (changes: Partial<RunFacts> = {}): RunFacts => ({ training: training({ final_loss: 0.1 }), job: operation({ status: "completed" }), compared: comparedRun("trn_1"), ...changes });
  const column = (key: string) => RESULT_COLUMNS.find((each) => each.key === key) ?? RESULT_COLUMNS[0];

  it("show what any run knows, and time, speed and memory always", () => {
    expect(shownColumns([facts({ training: null })]).map(({ key }) => key)).toEqual(["time", "speed", "memory"]);
    expect(shownColumns([facts()]).map(({ key }) => key)).toEqual(["final_loss", "loss", "l0", "ev", "time", "speed", "memory"]);
  });

  it("count the running time on from the newest snapshot to the newest report, and not of a paused run", () => {
    const job = operation({ id: "job_1", status: "running", updated_at: new Date(AT + 14_000).toISOString() });
    expect(column("time")?.value(facts({ job }))).toBe(14);
    expect(column("time")?.value(facts({ job: { ...job, status: "paused" } }))).toBe(10);
    expect(column("time")?.value(facts({ job: { ...job, attempt: 2 } }))).toBe(10);
    expect(column("time")?.value(facts({ job, compared: null, training: training({ duration_seconds: 7 }) }))).toBe(7);
  });

  it("are compared only where that says something", () => {
    const [time, speed, loss] = ["time", "speed", "loss"].map(column);
    if (time === undefined || speed === undefined || loss === undefined) throw new Error("no such column");
    expect(comparable(time, facts(), facts())).toBe(true);
    expect(comparable(time, facts({ job: operation() }), facts())).toBe(false);
    expect(comparable(speed, facts(), facts({ compared: comparedRun("x", { unit: "tokens" }) }))).toBe(false);
    expect(comparable(loss, facts({ job: operation() }), facts())).toBe(true);
  });

  it("say what is estimated, and sum up GPUs", () => {
    const usage = {
      source: "estimated" as const, seconds: 1, cpu_percent: null, rss_bytes: { mean: 1, peak: 1024 }, read_bytes: null, write_bytes: null,
      gpus: [{ gpu_id: 0, memory_bytes: { mean: 1, peak: 2048 }, utilization: null }, { gpu_id: 1, memory_bytes: { mean: 1, peak: 1024 }, utilization: null }],
    };
    const run = facts({ job: operation({ status: "completed", usage }) });
    expect(gpuPeak(usage)).toBe(3072);
    expect(gpuPeak(null)).toBeNull();
    const words = RESULT_COLUMNS.map((each) => each.words(each.value(run), run).replaceAll("\u202f", " "));
    expect(words).toEqual(["0.1000", "0.5000", "32.0", "0.600", "10 s", "100 steps/s", "1.0 KiB (estimated)", "3.0 KiB"]);
  });
});

describe("the zoom in the address", () => {
  it("comes back as it was, with as many digits as a screen can show", () => {
    expect(readZoom(writeZoom([12.3456789, 99.87654321]))).toEqual([12.3457, 99.8765]);
    expect(readZoom(writeZoom([1_795_636_127.5, 1_795_636_187.25]))).toEqual([1_795_636_127.5, 1_795_636_187.25]);
    expect(writeZoom(null)).toBe("");
    for (const text of ["", "5", "7~3", "a~b"]) expect(readZoom(text)).toBeNull();
  });
});

describe("runs to choose from", () => {
  it("are found by every word of name, kind, state or id", () => {
    const all = [
      { id: "trn_1", name: "Sae wide", kind: "train_sae", status: "completed", created_at: "" },
      { id: "job_2", name: null, kind: "download_model", status: "failed", created_at: "" },
    ];
    const ids = (text: string) => findCandidates(all, text).map(({ id }) => id);
    expect(ids("")).toEqual(["trn_1", "job_2"]);
    expect(ids("training WIDE")).toEqual(["trn_1"]);
    expect(ids("failed")).toEqual(["job_2"]);
    expect(ids("_2 download")).toEqual(["job_2"]);
    expect(ids("wide failed")).toEqual([]);
  });
});
