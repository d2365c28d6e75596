import { describe, expect, it } from "vitest";
import { joinedUsage, usageOfSnapshots } from "@/lib/usageSeries";
import { AT, snapshot } from "../support/progress";

const unix = (second: number) => AT / 1000 + second;

describe("usageOfSnapshots", () => {
  it("puts each mean in the middle of its time, of one job alone, and leaves a gap where nothing was read", () => {
    const { x, lines } = usageOfSnapshots(
      [
        snapshot(0, 0),
        snapshot(60, 5, { usage: { cpu_percent: 100, rss_bytes: 7 } }),
        snapshot(70, 5, { job: "job_2", usage: { cpu_percent: 1 } }),
        snapshot(100, 5, { status: "paused" }),
        snapshot(110, 10),
        snapshot(400, 10, { usage: { cpu_percent: 50, gpu_memory_bytes: 9 } }),
      ],
      "job_1",
    );
    expect(x).toEqual([unix(30), unix(80), unix(250)]);
    expect(lines).toEqual([[100, null, 50], [7, null, null], [null, null, 9]]);
  });
});

describe("joinedUsage", () => {
  const means = { x: [1, 5, 9], lines: [[10, 50, 90]] };
  it("goes on with the readings where they begin", () => {
    expect(joinedUsage(means, { x: [6, 8, 10], lines: [[1, 2, 3]] })).toEqual({ x: [1, 5, 6, 8, 10], lines: [[10, 50, 1, 2, 3]] });
  });

  it("is what there is, if there is one of them alone", () => {
    expect(joinedUsage(means, undefined)).toBe(means);
    expect(joinedUsage(means, { x: [], lines: [[]] })).toBe(means);
    expect(joinedUsage(undefined, means)).toBe(means);
    expect(joinedUsage(undefined, undefined)).toBeUndefined();
  });
});
