/** What the machine did over hours and days, as charts: the mean of each step, and the area from its lowest to its highest reading. */
import type { Band } from "./chart/bands";
import type { Values } from "./chart/values";
import type { RingView } from "./ring";
import type { ReadingRange, SystemRange, SystemRangeItem } from "./types/system";

export interface ChartData {
  /** Unix seconds. */
  x: ArrayLike<number>;
  lines: { values: Values; band?: Band }[];
}

/** Sizes that turn bytes into percent, as they are now; null: not known. */
export interface Sizes {
  ram: number | null;
  swap: number | null;
  gpus: Record<number, number | null>;
}

export const NO_DATA: ChartData = { x: [], lines: [] };

/** A step that has no item was not looked at: two items further apart than this part of a step have a gap between them. */
const GAP_STEPS = 1.5;

export function liveChart(view: RingView | undefined): ChartData {
  return view === undefined ? NO_DATA : { x: view.x, lines: view.lines.map((values) => ({ values })) };
}

function percentOf(range: ReadingRange, size: number | null): ReadingRange {
  if (range === null || size === null || size <= 0) return null;
  const [low, mean, high] = range;
  return [(low / size) * 100, (mean / size) * 100, (high / size) * 100];
}

function chart(times: number[], rows: ReadingRange[][], { from, to, resolution_seconds }: SystemRange): ChartData {
  if (times.length === 0) return NO_DATA;
  const x: number[] = [];
  const kept: (ReadingRange[] | null)[] = [];
  const gap = GAP_STEPS * resolution_seconds;
  const [begin, end] = [Date.parse(from) / 1000, Date.parse(to) / 1000];
  const open = (at: number) => {
    x.push(at);
    kept.push(null);
  };
  // The whole time asked for is shown, also the part that the server did not see.
  if ((times[0] ?? begin) - begin > gap) open(begin);
  times.forEach((at, i) => {
    const last = x[x.length - 1];
    if (last !== undefined && kept[kept.length - 1] !== null && at - last > gap) open((last + at) / 2);
    x.push(at);
    kept.push(rows[i] ?? null);
  });
  if (end - (times[times.length - 1] ?? end) > gap + resolution_seconds) open(end);
  const width = rows[0]?.length ?? 0;
  const column = (line: number, which: 0 | 1 | 2) => Float64Array.from(kept, (row) => row?.[line]?.[which] ?? NaN);
  return {
    x: Float64Array.from(x),
    lines: Array.from({ length: width }, (_, line) => ({
      values: column(line, 1),
      band: { low: column(line, 0), high: column(line, 2) },
    })),
  };
}

/** By channel, with the lines that the channel's live chart has. */
export function rangeCharts(told: SystemRange, sizes: Sizes): Record<string, ChartData> {
  const times = told.items.map((item) => Date.parse(item.ts) / 1000);
  const of = (row: (item: SystemRangeItem) => ReadingRange[]) => chart(times, told.items.map(row), told);
  const charts: Record<string, ChartData> = {
    "system/cpu": of((item) => [item.cpu_percent]),
    "system/memory": of((item) => [percentOf(item.memory_used, sizes.ram), percentOf(item.swap_used, sizes.swap)]),
    "system/disk": of((item) => [item.disk_read_rate, item.disk_write_rate]),
    "system/network": of((item) => [item.network_recv_rate, item.network_sent_rate]),
  };
  for (const id of new Set(told.items.flatMap((item) => item.gpus.map((gpu) => gpu.gpu_id)))) {
    charts[`system/gpu/${id}`] = of((item) => {
      const gpu = item.gpus.find((each) => each.gpu_id === id);
      if (gpu === undefined) return [null, null, null, null];
      return [gpu.utilization, percentOf(gpu.memory_used, sizes.gpus[id] ?? null), gpu.temperature, gpu.power_usage];
    });
  }
  return charts;
}
