import { describe, expect, it } from "vitest";
import { planExtraction, type PlanInput } from "@/lib/extractionPlan";

const input: PlanInput = { tokens: 100_000, width: 128, layers: 2, hooks: 1, contextLength: 128, maxSamples: 48, dtype: "f32" };

describe("planExtraction", () => {
  it("counts rows, vectors and bytes", () => {
    expect(planExtraction(input)).toEqual({ samples: 48, vectors: 6144, bytes: 6144 * 128 * 4 * 2 });
    expect(planExtraction({ ...input, dtype: "f16", hooks: 3 })?.bytes).toBe(6144 * 128 * 2 * 6);
  });

  it("runs no more samples than the dataset has whole rows", () => {
    expect(planExtraction({ ...input, maxSamples: 0 })?.samples).toBe(781);
    expect(planExtraction({ ...input, maxSamples: 5000 })?.samples).toBe(781);
  });

  it("makes nothing up when something isn't known or chosen", () => {
    for (const change of [{ tokens: null }, { width: null }, { layers: 0 }, { hooks: 0 }, { contextLength: 0 }, { contextLength: NaN }, { contextLength: 1.5 }, { maxSamples: -1 }, { maxSamples: NaN }])
      expect(planExtraction({ ...input, ...change })).toBeNull();
  });
});
