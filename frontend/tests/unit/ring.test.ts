import { describe, expect, it } from "vitest";
import { Ring } from "@/lib/ring";

const rows = (ring: Ring) => {
  const { x, lines } = ring.view();
  return { x: [...x], lines: lines.map((line) => [...line]) };
};

describe("Ring", () => {
  it("keeps the span and forgets what is older", () => {
    const ring = new Ring(1, 10);
    for (let x = 0; x <= 30; x += 1) ring.add(x, [x * 2]);
    expect(rows(ring)).toEqual({ x: [20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30], lines: [[40, 42, 44, 46, 48, 50, 52, 54, 56, 58, 60]] });
  });

  it("puts NaN where a time without data lies, and for what was not read [33]", () => {
    const ring = new Ring(2, 100);
    ring.add(0, [1, null], 3);
    ring.add(2, [1, undefined], 3);
    ring.add(10, [1, 5], 3);
    expect(rows(ring)).toEqual({ x: [0, 2, 6, 10], lines: [[1, 1, NaN, 1], [NaN, NaN, NaN, 5]] });
  });

  it("takes a late row to its place, and closes the gap it lies in", () => {
    const ring = new Ring(1, 100);
    for (const x of [0, 2, 8]) ring.add(x, [x], 3);
    expect(rows(ring).x).toEqual([0, 2, 5, 8]);
    ring.add(4, [4], 3);
    expect(rows(ring)).toEqual({ x: [0, 2, 4, 6, 8], lines: [[0, 2, 4, NaN, 8]] });
    ring.add(6, [6], 3);
    expect(rows(ring)).toEqual({ x: [0, 2, 4, 6, 8], lines: [[0, 2, 4, 6, 8]] });
  });

  it("completes a row at the same place, and takes nothing from it", () => {
    const ring = new Ring(2, 100);
    ring.add(1, [1, null]);
    ring.add(2, [7, 7]);
    ring.add(1, [null, 3]);
    ring.add(2, [null, 8]);
    expect(rows(ring)).toEqual({ x: [1, 2], lines: [[1, 7], [3, 8]] });
  });

  it("merges what a server remembers with what it has, whose own values stay", () => {
    const ring = new Ring(1, 100);
    for (const x of [0, 20]) ring.add(x, [x], 3);
    ring.merge(
      [2, 4, 6, 18, 20].map((x) => ({ x, row: [x === 20 ? 99 : x] })),
      3,
    );
    expect(rows(ring)).toEqual({ x: [0, 2, 4, 6, 12, 18, 20], lines: [[0, 2, 4, 6, NaN, 18, 20]] });
  });

  it("refuses what is older than its span, and what is no place", () => {
    const ring = new Ring(1, 10);
    ring.add(100, [1]);
    expect(ring.add(80, [1])).toBe(false);
    expect(ring.add(NaN, [1])).toBe(false);
    expect(ring.length).toBe(1);
  });

  it("leaves a view as it was while it goes on, through growth, late rows and new buffers", () => {
    const ring = new Ring(1, 1000);
    for (let x = 0; x < 200; x += 1) ring.add(x, [x]);
    const early = ring.view();
    const copy = { x: [...early.x], line: [...(early.lines[0] ?? [])] };
    ring.add(150.5, [1]);
    for (let x = 200; x < 5000; x += 1) ring.add(x, [x]);
    expect([...early.x]).toEqual(copy.x);
    expect([...(early.lines[0] ?? [])]).toEqual(copy.line);
    expect(ring.view().x[0]).toBe(3999);
    expect(ring.length).toBe(1001);
  });

  it("appends without copying its history", () => {
    const ring = new Ring(1, 100_000);
    for (let x = 0; x < 50_000; x += 1) ring.add(x, [x]);
    const buffer = ring.view().x.buffer;
    for (let x = 50_000; x < 60_000; x += 1) ring.add(x, [x]);
    expect(ring.view().x.buffer).toBe(buffer);
  });
});
