/** Writes the binary form of metrics as docs/api/rest.md has it: the tests' own, so that reader and writer share no mistake. */
export interface ColumnsToWrite {
  step: number[];
  layer?: number[];
  timestamp?: number[];
  metrics?: Record<string, number[]>;
  nextSinceStep?: number | null;
}

export function encodeColumns({ step, layer, timestamp, metrics = {}, nextSinceStep = null }: ColumnsToWrite): Uint8Array<ArrayBuffer> {
  const columns: { name: Uint8Array; type: number; values: number[] }[] = [
    ["step", 1, step] as const,
    ["layer_idx", 2, layer ?? step.map(() => -1)] as const,
    ["timestamp", 1, timestamp ?? step.map((at) => Date.UTC(2026, 0, 1, 12) + at * 1000)] as const,
    ...Object.entries(metrics).map(([name, values]) => [name, 1, values] as const),
  ].map(([name, type, values]) => ({ name: new TextEncoder().encode(name), type, values }));
  const up = (bytes: number) => (bytes + 7) & ~7;
  const head = 32 + columns.reduce((sum, { name }) => sum + up(4 + name.length), 0);
  const size = head + columns.reduce((sum, { type, values }) => sum + up(values.length * (type === 1 ? 8 : 4)), 0);
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode("HWMC"));
  view.setUint16(4, 1, true);
  view.setUint16(6, nextSinceStep === null ? 0 : 1, true);
  view.setUint32(8, columns.length, true);
  view.setUint32(12, step.length, true);
  view.setFloat64(16, nextSinceStep ?? -1, true);
  view.setUint32(24, head, true);
  view.setUint32(28, size, true);
  let at = 32;
  for (const { name, type } of columns) {
    view.setUint16(at, name.length, true);
    view.setUint16(at + 2, type, true);
    bytes.set(name, at + 4);
    at += up(4 + name.length);
  }
  for (const { type, values } of columns) {
    values.forEach((value, i) => {
      if (type === 1) view.setFloat64(at + 8 * i, value, true);
      else view.setInt32(at + 4 * i, value, true);
    });
    at += up(values.length * (type === 1 ? 8 : 4));
  }
  return bytes;
}
