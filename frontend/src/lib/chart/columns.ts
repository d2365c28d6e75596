/**
 * The binary form of a training's metrics (docs/api/rest.md, "The metrics of a training"): columns of numbers, viewed where they lie.
 * Bytes that aren't exactly that are refused as a whole: half a curve would be a wrong one.
 */
export interface MetricColumns {
  rows: number;
  step: Float64Array;
  /** -1: over all layers. */
  layer: Int32Array;
  /** Milliseconds since 1970 UTC. */
  timestamp: Float64Array;
  /** NaN: not known. */
  metrics: Map<string, Float64Array>;
  /** More rows follow, after this step; null: these were all. */
  nextSinceStep: number | null;
}

export class BadColumns extends Error {}

const HEAD_BYTES = 32;
const MAGIC = 0x434d5748; // "HWMC", read as a little-endian number
const VERSION = 1;
const HAS_MORE = 1;
const DOUBLE = 1;
const INT32 = 2;
const FIRST: readonly [string, number][] = [
  ["step", DOUBLE],
  ["layer_idx", INT32],
  ["timestamp", DOUBLE],
];

function check(holds: boolean, what: string): asserts holds {
  if (!holds) throw new BadColumns(`The curve can't be read: ${what}.`);
}

const padded = (bytes: number) => Math.ceil(bytes / 8) * 8;

interface Described {
  name: string;
  type: number;
}

/** The columns' names and types, which fill the head exactly up to where the data begins. */
function describe(bytes: Uint8Array, view: DataView, count: number, dataAt: number): Described[] {
  const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const columns: Described[] = [];
  const names = new Set<string>();
  let at = HEAD_BYTES;
  for (let i = 0; i < count; i += 1) {
    check(at + 4 <= dataAt, "its head ends within a column's description");
    const length = view.getUint16(at, true);
    const type = view.getUint16(at + 2, true);
    const end = at + padded(4 + length);
    check(end <= dataAt, "a column's name reaches into the data");
    check(type === DOUBLE || type === INT32, `a column of type ${type}`);
    check(bytes.subarray(at + 4 + length, end).every((byte) => byte === 0), "something stands after a column's name");
    let name: string;
    try {
      name = utf8.decode(bytes.subarray(at + 4, at + 4 + length));
    } catch {
      throw new BadColumns("The curve can't be read: a column's name is no UTF-8.");
    }
    check(!names.has(name), `two columns named ${name}`);
    names.add(name);
    columns.push({ name, type });
    at = end;
  }
  check(at === dataAt, "the data doesn't begin where the head ends");
  return columns;
}

function checkRows(step: Float64Array, layer: Int32Array): void {
  for (let i = 0; i < step.length; i += 1) {
    const here = step[i] ?? NaN;
    check(Number.isFinite(here) && here >= (step[i - 1] ?? -Infinity), "its steps don't ascend");
    check((layer[i] ?? -2) >= -1, "a layer below 0");
  }
}

export function decodeColumns(input: ArrayBuffer | Uint8Array): MetricColumns {
  // Columns are viewed as arrays of doubles, which may begin at multiples of 8 only.
  const whole = input instanceof Uint8Array && input.byteOffset % 8 !== 0 ? input.slice() : input;
  const bytes = whole instanceof Uint8Array ? whole : new Uint8Array(whole);
  const { buffer, byteOffset } = bytes;
  check(bytes.length >= HEAD_BYTES, "it is too short");
  const view = new DataView(buffer, byteOffset, bytes.length);
  check(view.getUint32(0, true) === MAGIC, "it doesn't begin as one");
  check(view.getUint16(4, true) === VERSION, `its version is ${view.getUint16(4, true)}, this page reads ${VERSION}`);
  const flags = view.getUint16(6, true);
  const count = view.getUint32(8, true);
  const rows = view.getUint32(12, true);
  const next = view.getFloat64(16, true);
  const dataAt = view.getUint32(24, true);
  check(view.getUint32(28, true) === bytes.length, `it has ${bytes.length} bytes and should have ${view.getUint32(28, true)}`);
  check(flags === 0 || flags === HAS_MORE, "unknown flags");
  check(flags === HAS_MORE ? next >= 0 && Number.isFinite(next) : next === -1, "where it goes on is not clear");
  check(dataAt % 8 === 0 && dataAt <= bytes.length, "the data begins nowhere");
  check(count <= (dataAt - HEAD_BYTES) / 8, "more columns than its head holds");

  const described = describe(bytes, view, count, dataAt);
  FIRST.forEach(([name, type], i) => {
    check(described[i]?.name === name && described[i]?.type === type, `column ${i + 1} is not ${name}`);
  });
  const size = ({ type }: Described) => padded(rows * (type === DOUBLE ? 8 : 4));
  const total = described.reduce((sum, column) => sum + size(column), 0);
  check(dataAt + total === bytes.length, "its columns don't fill it");

  let at = byteOffset + dataAt;
  const metrics = new Map<string, Float64Array>();
  let layer = new Int32Array(0);
  for (const column of described) {
    if (column.type === DOUBLE) metrics.set(column.name, new Float64Array(buffer as ArrayBuffer, at, rows));
    else if (column.name === "layer_idx") layer = new Int32Array(buffer as ArrayBuffer, at, rows);
    else metrics.set(column.name, Float64Array.from(new Int32Array(buffer as ArrayBuffer, at, rows)));
    at += size(column);
  }
  const empty = new Float64Array(0);
  const step = metrics.get("step") ?? empty;
  const timestamp = metrics.get("timestamp") ?? empty;
  metrics.delete("step");
  metrics.delete("timestamp");
  checkRows(step, layer);
  return { rows, step, layer, timestamp, metrics, nextSinceStep: next === -1 ? null : next };
}
