import { describe, expect, it } from "vitest";
import { itemsOfJob, momentsOf, spansOf } from "@/lib/timeline";
import type { TimelineItem } from "@/lib/types/job";
import { operation } from "../support/samples";

const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 12, 0, second)).toISOString();
const NOW = Date.parse(at(100));
let seq = 0;
const item = (second: number, event: TimelineItem["event"], name: string, attempt = 1, text: string | null = null): TimelineItem => ({ seq: ++seq, at: at(second), attempt, event, name, text });

const WAY = [
  item(0, "status", "queued"),
  item(5, "status", "starting"),
  item(6, "status", "running"),
  item(6, "phase", "loading"),
  item(16, "phase", "working"),
  item(20, "asked", "pause"),
  item(21, "status", "paused"),
  item(41, "status", "running"),
  item(50, "status", "stalled"),
  item(60, "status", "queued", 2, "the worker was lost"),
  item(61, "status", "starting", 2),
  item(62, "status", "running", 2),
  item(90, "status", "failed", 2, "OOM: no memory"),
];

describe("the timeline of a job", () => {
  it("is stretches from one status to the next, and no stretch after the end", () => {
    const spans = spansOf(WAY, NOW);
    expect(spans.map((span) => `${span.status} ${(span.to - span.from) / 1000}`)).toEqual([
      "queued 5", "starting 1", "running 15", "paused 20", "running 9", "stalled 10", "queued 1", "starting 1", "running 28",
    ]);
    expect(spans.some((span) => span.open)).toBe(false);
  });

  it("is moments with how long what began there lasted", () => {
    const moments = momentsOf(WAY, [], NOW);
    expect(moments.map((moment) => `${moment.title} ${moment.seconds ?? ""}`.trim())).toEqual([
      "Submitted 5", "Taken by a worker 1", "Started 15", "Phase loading 10", "Phase working 44", "Pause asked for", "Paused 20", "Went on 9",
      "Stalled: no report came 10", "Queued again as attempt 2 1", "Taken by a worker 1", "Started 28", "Failed",
    ]);
    expect(moments.find((moment) => moment.title.startsWith("Queued again"))?.detail).toBe("the worker was lost");
    expect(moments.at(-1)).toMatchObject({ detail: "OOM: no memory", tone: "failure", open: false });
  });

  it("grows while the job is under way", () => {
    const open = WAY.slice(0, 5);
    expect(spansOf(open, NOW).at(-1)).toMatchObject({ status: "running", open: true, to: NOW });
    expect(momentsOf(open, [], NOW).filter((moment) => moment.open).map((moment) => [moment.title, moment.seconds])).toEqual([["Started", 94], ["Phase working", 84]]);
  });

  it("puts checkpoints where they were made, many of them together", () => {
    const mark = (second: number, step: number) => ({ step, created_at: at(second) });
    const moments = momentsOf(WAY.slice(0, 6), [mark(7, 100), mark(17, 200), mark(18, 300), mark(18, 400), mark(19, 500)], NOW);
    expect(moments.map((moment) => moment.title)).toEqual([
      "Submitted", "Taken by a worker", "Started", "Phase loading", "Checkpoint at step 100", "Phase working", "4 checkpoints", "Pause asked for",
    ]);
    expect(moments[6]?.detail).toBe("the last at step 500, the first at step 200");
  });

  it("has names for whatever else may come", () => {
    const odd = [item(0, "status", "starting"), item(1, "status", "running"), item(2, "status", "stalled"), item(3, "status", "running"), item(4, "asked", "stop"), item(5, "asked", "hum"), item(6, "status", "cancelling"), item(7, "status", "cancelled")];
    expect(momentsOf(odd, [], NOW).map((moment) => moment.title)).toEqual([
      "Begun where it was called", "Started", "Stalled: no report came", "Heard of again", "Asked to finish early", "Asked: hum", "Cancel asked for", "Cancelled",
    ]);
  });

  it("is what the job's row knows where nothing else was kept", () => {
    const job = operation({ status: "completed", finished_at: at(30) });
    expect(itemsOfJob(job).map((it) => it.name)).toEqual(["queued", "running", "completed"]);
    expect(itemsOfJob(operation({ status: "queued", started_at: null })).map((it) => it.name)).toEqual(["queued"]);
  });
});
