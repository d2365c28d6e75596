/** What a job used over time: the means between its snapshots of progress, and its readings from when the page began to listen. */
import { appendRow, emptySeries, type Series } from "./series";
import type { JobResources } from "./types/job";
import type { ProgressSnapshot } from "./types/progress";

/** Lines of a job's usage: processor, memory, and all GPUs' memory. */
export const USAGE_LINES = ["cpu", "memory", "gpu"] as const;

/** Readings come every two seconds: longer without one is a gap. */
const GAP_SECONDS = 15;
const ROWS = 3000;

/** x in Unix seconds. A mean stands in the middle of its time; a long time without readings is a gap. */
export function usageOfSnapshots(snapshots: readonly ProgressSnapshot[], jobId: string): Series {
  const series = emptySeries(USAGE_LINES.length);
  let before: number | null = null;
  for (const { timestamp, metrics } of snapshots) {
    if (metrics?.job_id !== jobId) continue;
    const at = Date.parse(timestamp) / 1000;
    const { usage } = metrics;
    // Snapshots may be closer than readings: the next mean then covers both stretches.
    if (before !== null && usage === undefined && at - before <= GAP_SECONDS) continue;
    if (before !== null && at > before) {
      appendRow(series, (before + at) / 2, [usage?.cpu_percent ?? null, usage?.rss_bytes ?? null, usage?.gpu_memory_bytes ?? null]);
    }
    before = at;
  }
  return series;
}

export function withReading(series: Series | undefined, ts: string, resources: JobResources): Series {
  const next = series === undefined ? emptySeries(USAGE_LINES.length) : { x: series.x.slice(-ROWS), lines: series.lines.map((line) => line.slice(-ROWS)) };
  const gpu = (resources.gpus ?? []).reduce<number | null>((sum, { memory_bytes: bytes }) => (bytes === null ? sum : (sum ?? 0) + bytes), null);
  appendRow(next, Date.parse(ts) / 1000, [resources.cpu_percent, resources.rss_bytes, gpu], GAP_SECONDS);
  return next;
}

/** Readings are finer than means: where they begin, the means end. */
export function joinedUsage(means: Series | undefined, readings: Series | undefined): Series | undefined {
  const first = readings?.x[0];
  if (readings === undefined || first === undefined) return means;
  if (means === undefined) return readings;
  const end = means.x.filter((x) => x < first).length;
  return {
    x: [...means.x.slice(0, end), ...readings.x],
    lines: readings.lines.map((line, i) => [...(means.lines[i] ?? []).slice(0, end), ...line]),
  };
}
