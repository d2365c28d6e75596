import { describe, expect, it } from "vitest";
import { BadColumns, decodeColumns, type MetricColumns } from "@/lib/chart/columns";
import { encodeColumns } from "../../support/columns";

/** The same numbers every time, so that a failure can be seen again. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const valid = () =>
  encodeColumns({
    step: [0, 0, 10, 10],
    layer: [-1, 2, -1, 2],
    metrics: { loss: [1, 2, NaN, Infinity], "val/größe": [NaN, 0.5, NaN, -Infinity] },
    nextSinceStep: 10,
  });

function refuses(bytes: Uint8Array, why: string): void {
  expect(() => decodeColumns(bytes)).toThrow(BadColumns);
  expect(() => decodeColumns(bytes)).toThrow(why);
}

function changed(change: (view: DataView, bytes: Uint8Array) => void): Uint8Array {
  const bytes = valid();
  change(new DataView(bytes.buffer), bytes);
  return bytes;
}

/** What every answer of the decoder must hold. */
function holds(columns: MetricColumns): void {
  const { rows, step, layer, timestamp, metrics } = columns;
  for (const column of [step, layer, timestamp, ...metrics.values()]) expect(column).toHaveLength(rows);
  for (let i = 0; i < rows; i += 1) {
    expect(Number.isFinite(step[i])).toBe(true);
    expect((step[i] ?? 0) >= (step[i - 1] ?? -Infinity)).toBe(true);
    expect(layer[i]).toBeGreaterThanOrEqual(-1);
  }
}

describe("decodeColumns", () => {
  it("reads what was written", () => {
    const read = decodeColumns(valid());
    expect(read.rows).toBe(4);
    expect([...read.step]).toEqual([0, 0, 10, 10]);
    expect([...read.layer]).toEqual([-1, 2, -1, 2]);
    expect([...read.metrics.keys()]).toEqual(["loss", "val/größe"]);
    expect([...(read.metrics.get("loss") ?? [])]).toEqual([1, 2, NaN, Infinity]);
    expect([...(read.metrics.get("val/größe") ?? [])]).toEqual([NaN, 0.5, NaN, -Infinity]);
    expect(read.nextSinceStep).toBe(10);
    expect(decodeColumns(encodeColumns({ step: [] }))).toMatchObject({ rows: 0, nextSinceStep: null });
  });

  it("views the columns where they lie, and copies what lies askew", () => {
    const bytes = valid();
    expect(decodeColumns(bytes).step.buffer).toBe(bytes.buffer);
    const askew = new Uint8Array(bytes.length + 3);
    askew.set(bytes, 3);
    expect([...decodeColumns(askew.subarray(3)).step]).toEqual([0, 0, 10, 10]);
  });

  it("names what is wrong", () => {
    refuses(new Uint8Array(31), "too short");
    refuses(changed((view) => { view.setUint8(0, 0x58); }), "doesn't begin");
    refuses(changed((view) => { view.setUint16(4, 2, true); }), "its version is 2");
    refuses(changed((view) => { view.setUint16(6, 3, true); }), "unknown flags");
    refuses(changed((view) => { view.setUint16(6, 0, true); }), "where it goes on");
    refuses(changed((view) => { view.setFloat64(16, NaN, true); }), "where it goes on");
    refuses(changed((view) => { view.setUint32(8, 2 ** 32 - 1, true); }), "more columns");
    refuses(changed((view) => { view.setUint32(8, 4, true); }), "where the head ends");
    refuses(changed((view) => { view.setUint32(8, 6, true); }), "its head ends");
    refuses(changed((view) => { view.setUint32(12, 2 ** 32 - 1, true); }), "don't fill it");
    refuses(changed((view) => { view.setUint32(24, 4, true); }), "begins nowhere");
    refuses(changed((view) => { view.setUint16(32, 60_000, true); }), "reaches into the data");
    refuses(changed((view) => { view.setUint16(34, 3, true); }), "type 3");
    refuses(changed((view) => { view.setUint8(36, 0x53); }), "column 1 is not step");
    refuses(changed((_, bytes) => { bytes[36] = 0xff; }), "no UTF-8");
    refuses(changed((_, bytes) => { bytes[53] = 1; }), "after a column's name");
    refuses(valid().subarray(0, -8), "should have");
    refuses(encodeColumns({ step: [5, 4] }), "don't ascend");
    refuses(encodeColumns({ step: [NaN] }), "don't ascend");
    refuses(encodeColumns({ step: [1], layer: [-2] }), "a layer below 0");
    const twice = encodeColumns({ step: [1], metrics: { abcd: [1], abce: [1] } });
    twice[twice.indexOf(0x65, 80)] = 0x64;
    refuses(twice, "two columns named abcd");
  });

  it("reads an int32 column it doesn't know as numbers", () => {
    const bytes = encodeColumns({ step: [1, 2], metrics: { n: [0, 0] } });
    const view = new DataView(bytes.buffer);
    const narrow = bytes.slice(0, bytes.length - 8);
    new DataView(narrow.buffer).setUint32(28, narrow.length, true);
    new DataView(narrow.buffer).setUint16(view.getUint32(24, true) - 8 + 2, 2, true);
    new DataView(narrow.buffer).setInt32(narrow.length - 8, 7, true);
    new DataView(narrow.buffer).setInt32(narrow.length - 4, -7, true);
    expect([...(decodeColumns(narrow).metrics.get("n") ?? [])]).toEqual([7, -7]);
  });

  it("refuses every part of a whole", () => {
    const bytes = valid();
    for (let length = 0; length < bytes.length; length += 1) expect(() => decodeColumns(bytes.slice(0, length))).toThrow(BadColumns);
  });

  it("either refuses bytes or gives whole, ascending columns, whatever the bytes are", () => {
    const next = random(1);
    let read = 0;
    for (let round = 0; round < 1500; round += 1) {
      const bytes = round % 4 === 0 ? new Uint8Array(Math.floor(next() * 300)).map(() => next() * 256) : valid();
      const hits = round % 4 === 0 ? 0 : 1 + Math.floor(next() * 3);
      for (let i = 0; i < hits; i += 1) bytes[Math.floor(next() * bytes.length)] = next() * 256;
      try {
        holds(decodeColumns(bytes));
        read += 1;
      } catch (error) {
        expect(error).toBeInstanceOf(BadColumns);
      }
    }
    // Most changes fall on values, which may be any; were none read, this would test nothing.
    expect(read).toBeGreaterThan(50);
  });
});
