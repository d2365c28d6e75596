import { describe, expect, it } from "vitest";
import { secondsLeft } from "@/lib/forecast";

const x = Array.from({ length: 60 }, (_, i) => 1000 + 2 * i);
const line = (value: (t: number, i: number) => number | null) => x.map((t, i) => value(t - 1000, i));

describe("secondsLeft", () => {
  it("says when what shrinks evenly is used up", () => {
    expect(secondsLeft(x, line((t) => 1_000_000 - 100 * t), 500_000)).toBeCloseTo(5000);
  });

  it("sees through small ups and downs", () => {
    const left = secondsLeft(x, line((t, i) => 1_000_000 - 100 * t + (i % 2) * 500), 500_000);
    expect(left).toBeGreaterThan(4500);
    expect(left).toBeLessThan(5500);
  });

  it("says nothing of what grows, stands still or only moves about", () => {
    expect(secondsLeft(x, line((t) => 1000 + t), 1000)).toBeNull();
    expect(secondsLeft(x, line(() => 1000), 1000)).toBeNull();
    expect(secondsLeft(x, line((t, i) => 1000 - t * 0.01 + (i % 7) * 50), 1000)).toBeNull();
  });

  it("says nothing from a minute less, or from nothing", () => {
    expect(secondsLeft(x.slice(0, 20), line((t) => 1000 - t).slice(0, 20), 900)).toBeNull();
    expect(secondsLeft([], [], 900)).toBeNull();
    expect(secondsLeft(x, line((t) => 1000 - t), null)).toBeNull();
  });

  it("leaves out what is not known", () => {
    expect(secondsLeft(x, line((t, i) => (i % 3 === 0 ? NaN : i % 3 === 1 ? null : 1_000_000 - 100 * t)), 500_000)).toBeCloseTo(5000);
  });
});
