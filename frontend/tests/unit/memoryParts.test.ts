import { describe, expect, it } from "vitest";
import { memoryParts } from "@/lib/memoryParts";
import type { JobResources } from "@/lib/types/job";
import { operation } from "../support/samples";

const RAM = { total: 1000, used: 400, available: 600, free: 250, used_percent: 40 };
const uses = (rss_bytes: number | null, source: JobResources["source"] = "measured") => ({
  resources: { source, rss_bytes } as JobResources,
});
const bytes = (parts: ReturnType<typeof memoryParts>) => Object.fromEntries((parts ?? []).map((part) => [part.key, part.bytes]));

describe("memoryParts", () => {
  it("adds up to the whole, with the measured jobs of this machine apart", () => {
    const jobs = [operation(uses(150)), operation({ host: "other", ...uses(500) }), operation(uses(70, "estimated"))];
    const parts = memoryParts(RAM, jobs, "box");
    expect(bytes(parts)).toEqual({ jobs: 150, other: 250, cache: 350, free: 250 });
    expect(parts?.reduce((sum, part) => sum + part.percent, 0)).toBeCloseTo(100);
  });

  it("never gives jobs more than is used", () => {
    expect(bytes(memoryParts(RAM, [operation(uses(900))], "box"))).toMatchObject({ jobs: 400, other: 0 });
  });

  it("counts no job where the machine or the job's is not known", () => {
    expect(bytes(memoryParts(RAM, [operation(uses(100))], null))).toMatchObject({ jobs: 0 });
    expect(bytes(memoryParts(RAM, [operation({ host: null, ...uses(100) })], "box"))).toMatchObject({ jobs: 0 });
  });

  it("says only what is available where the kernel does not tell the rest, and nothing where it tells nothing", () => {
    expect(bytes(memoryParts({ ...RAM, free: null }, [], "box"))).toEqual({ jobs: 0, other: 400, free: 600 });
    expect(memoryParts({ ...RAM, used: null }, [], "box")).toBeNull();
    expect(memoryParts(null, [], "box")).toBeNull();
  });
});
