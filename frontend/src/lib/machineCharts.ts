/** The machine's history as charts: the mean, and around it the band from the lowest to the highest reading. */
import type { AxisKind } from "./chart/axes";
import type { Band } from "./chart/bands";
import { openGaps } from "./chart/gaps";
import type { Values } from "./chart/values";
import * as f from "./format";
import type { ReadingRange, SystemRange, SystemRangeItem } from "./types/system";

export interface MachineChart {
  key: string;
  title: string;
  axis: AxisKind;
  range: [number | null, number | null];
  format: (value: number | null) => string;
  lines: { label: string; color: string; values: Values; band: Band }[];
}

type Pick = (item: SystemRangeItem) => ReadingRange | undefined;

interface Row {
  key: string;
  title: string;
  axis: AxisKind;
  range: [number | null, number | null];
  format: (value: number | null) => string;
  lines: { label: string; color: string; pick: Pick }[];
}

const percent = (value: number | null) => f.percent(value);

const ROWS: Row[] = [
  { key: "cpu", title: "CPU", axis: "percent", range: [0, 100], format: percent, lines: [{ label: "", color: "--c1", pick: (it) => it.cpu_percent }] },
  { key: "memory", title: "Memory in use", axis: "bytes", range: [0, null], format: f.bytes, lines: [{ label: "", color: "--c1", pick: (it) => it.memory_used }] },
  {
    key: "disk",
    title: "Disk",
    axis: "bytes/s",
    range: [0, null],
    format: f.byteRate,
    lines: [
      { label: "read", color: "--c1", pick: (it) => it.disk_read_rate },
      { label: "write", color: "--c2", pick: (it) => it.disk_write_rate },
    ],
  },
  {
    key: "network",
    title: "Network",
    axis: "bytes/s",
    range: [0, null],
    format: f.byteRate,
    lines: [
      { label: "received", color: "--c1", pick: (it) => it.network_recv_rate },
      { label: "sent", color: "--c2", pick: (it) => it.network_sent_rate },
    ],
  },
];

function gpuRows(id: number): Row[] {
  const of = (item: SystemRangeItem) => item.gpus.find((gpu) => gpu.gpu_id === id);
  return [
    { key: `gpu-${id}`, title: `GPU ${id}`, axis: "percent", range: [0, 100], format: percent, lines: [{ label: "", color: "--c3", pick: (it) => of(it)?.utilization }] },
    { key: `gpu-${id}-memory`, title: `GPU ${id} memory`, axis: "bytes", range: [0, null], format: f.bytes, lines: [{ label: "", color: "--c3", pick: (it) => of(it)?.memory_used }] },
  ];
}

/** A time in which nobody looked has no item: items further apart than this many of their usual distances have one between. */
const SILENCE = 2.5;

function silences(at: readonly number[], resolution: number): number[] {
  const distances = at.slice(1).map((time, i) => time - (at[i] ?? time));
  const usual = [...distances].sort((a, b) => a - b)[Math.floor(distances.length / 2)] ?? resolution;
  return distances.flatMap((distance, i) => (distance > SILENCE * Math.max(usual, resolution) ? [i + 1] : []));
}

export function machineCharts(history: SystemRange): { x: Float64Array; charts: MachineChart[] } {
  const gpus = [...new Set(history.items.flatMap((item) => item.gpus.map((gpu) => gpu.gpu_id)))].sort((a, b) => a - b);
  const rows = [...ROWS, ...gpus.flatMap(gpuRows)];
  // An item stands for the time from `ts` on: its middle is where it is drawn.
  const half = history.resolution_seconds / 2;
  const at = history.items.map((item) => Date.parse(item.ts) / 1000 + half);
  const picks = rows.flatMap((row) => row.lines.map((line) => line.pick));
  const columns = picks.flatMap((pick) => [0, 1, 2].map((end) => history.items.map((item) => pick(item)?.[end] ?? null)));
  const { x, lines } = openGaps(at, columns, silences(at, history.resolution_seconds));
  let next = 0;
  const charts = rows.map(({ lines: drawn, ...row }) => ({
    ...row,
    lines: drawn.map(({ label, color }) => {
      const [low, mean, high] = [0, 1, 2].map((end) => lines[next + end] ?? []);
      next += 3;
      return { label, color, values: mean ?? [], band: { low: low ?? [], high: high ?? [] } };
    }),
  }));
  return { x: Float64Array.from(x), charts };
}
