import { describe, expect, it } from "vitest";
import * as f from "@/lib/format";

const plain = (text: string) => text.replace(/\u202f/g, " ");

describe("format", () => {
  it("shows percentages of 0 to 100 as they are [28]", () => {
    expect(plain(f.percent(98))).toBe("98 %");
    expect(plain(f.percent(0.98, 1))).toBe("1.0 %");
    expect(plain(f.progressPercent(62.44))).toBe("62.4 %");
  });

  it("never rounds progress up to 100", () => {
    expect(plain(f.progressPercent(99.99))).toBe("99.9 %");
    expect(plain(f.progressPercent(100))).toBe("100 %");
  });

  it("writes a dash for what is not known, never 0 [32]", () => {
    const all = [f.count, f.percent, f.progressPercent, f.bytes, f.byteRate, f.metric, f.duration, f.age, f.compact];
    for (const format of all) {
      expect(format(null)).toBe(f.UNKNOWN);
      expect(format(undefined)).toBe(f.UNKNOWN);
      expect(format(Number.NaN)).toBe(f.UNKNOWN);
    }
    expect(f.rate(null, "steps")).toBe(f.UNKNOWN);
    expect(f.amount(null, 10, "steps")).toBe(f.UNKNOWN);
    expect(f.eta(null, null, null)).toBe(f.UNKNOWN);
  });

  it("gives the remaining time as a range", () => {
    expect(plain(f.eta(24, 29, 26))).toBe("24–29 s left");
    expect(plain(f.eta(170, 400, 200))).toBe("3–7 min left");
    expect(plain(f.eta(null, null, 11))).toBe("11 s left");
  });

  it("writes bytes in binary units and counts with their unit", () => {
    expect(plain(f.bytes(5.2 * 1024 ** 3))).toBe("5.2 GiB");
    expect(plain(f.amount(936, 1500, "steps"))).toBe("936 / 1,500 steps");
    expect(plain(f.amount(1024, 4096, "bytes"))).toBe("1.0 KiB / 4.0 KiB");
    expect(plain(f.rate(51.23, "steps"))).toBe("51.2 steps/s");
  });

  it("keeps the digits of a small metric", () => {
    expect(f.metric(0.0198)).toBe("0.0198");
    expect(f.metric(31.66, 3)).toBe("31.7");
    expect(f.metric(0.0000123)).toBe("1.23e-5");
  });

  it("labels an axis with as many digits as its steps need", () => {
    expect(f.axisNumber(1_250_000, 50_000)).toBe("1.25M");
    expect(f.axisNumber(0.5, 0.5)).toBe("0.5");
    expect(f.axisNumber(20_000, 20_000)).toBe("20k");
    expect(f.axisNumber(12_500, 2500)).toBe("12.5k");
    expect(f.axisNumber(0.3, 0.1)).toBe("0.3");
  });
});

describe("labels of a time axis", () => {
  const from = Date.parse("2026-01-01T12:00:00.000Z") / 1000;
  const at = (step: number) => f.clockLabels([0, 1, 2, 3, 4].map((i) => from + i * step), step);

  it("has seconds where labels are closer than a minute", () => {
    expect(new Set(at(15)).size).toBe(5);
    expect(at(15)[1]).toMatch(/^\d\d:00:15$/);
  });

  it("has none where minutes tell them apart", () => {
    expect(new Set(at(60)).size).toBe(5);
    expect(at(60)[1]).toMatch(/^\d\d:01$/);
  });
});
