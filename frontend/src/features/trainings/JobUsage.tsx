/** What the job itself used and uses: its means and peaks, and how that went. */
import { useMemo } from "react";
import { Chart } from "@/components/Chart";
import { Stat } from "@/components/States";
import * as f from "@/lib/format";
import type { Series } from "@/lib/series";
import type { Operation } from "@/lib/types/job";
import { USAGE_LINES } from "@/lib/usageSeries";

const percent = (value: number | null) => f.percent(value);

const CHARTS = [
  { line: "cpu", title: "This job: CPU, of one core", axis: "percent", format: percent, always: true },
  { line: "memory", title: "This job: memory", axis: "bytes", format: f.bytes, always: true },
  { line: "gpu", title: "This job: GPU memory", axis: "bytes", format: f.bytes, always: false },
] as const;

export function UsageStats({ usage }: { usage: Operation["usage"] }) {
  if (usage === null || usage === undefined) {
    return <p className="text-sm text-muted">What this job used isn't known: no reading of it has come.</p>;
  }
  const both = (stat: { mean: number; peak: number } | null | undefined, format: (value: number | null | undefined) => string) =>
    stat === null || stat === undefined ? f.UNKNOWN : `${format(stat.mean)} · peak ${format(stat.peak)}`;
  return (
    <dl className="grid grid-cols-2 gap-x-6 gap-y-3 lg:grid-cols-4" data-testid="usage">
      <Stat label="CPU, of one core, mean" value={both(usage.cpu_percent, (value) => f.percent(value))} />
      <Stat label="Memory, mean" value={both(usage.rss_bytes, f.bytes)} />
      {usage.gpus.map((gpu) => (
        <Stat key={gpu.gpu_id} label={`GPU ${gpu.gpu_id} memory, mean`} value={both(gpu.memory_bytes, f.bytes)} />
      ))}
      <Stat label="Read" value={f.bytes(usage.read_bytes)} />
      <Stat label="Written" value={f.bytes(usage.write_bytes)} />
      <Stat label="Readings" value={`${usage.source}, ${f.duration(usage.seconds)}`} title="The time that the readings cover, over all attempts" />
    </dl>
  );
}

interface Props {
  series: Series | undefined;
  group: string;
  /** Unix seconds that the x axis counts from; null: it shows the clock. */
  start: number | null;
  exportAs: string;
}

export function UsageCharts({ series, group, start, exportAs }: Props) {
  const x = useMemo(() => (series === undefined ? [] : start === null ? series.x : series.x.map((at) => at - start)), [series, start]);
  const charts = useMemo(
    () =>
      CHARTS.map((chart) => ({ ...chart, values: series?.lines[USAGE_LINES.indexOf(chart.line)] ?? [] }))
        .filter(({ always, values }) => always || values.some((value) => value !== null))
        .map((chart) => ({ ...chart, lines: [{ label: "", color: "--c4", values: chart.values }] })),
    [series],
  );
  return charts.map((chart) => (
    <Chart
      key={chart.line}
      title={chart.title}
      x={x}
      clock={series?.x ?? []}
      lines={chart.lines}
      xKind={start === null ? "time" : "duration"}
      format={chart.format}
      axis={chart.axis}
      range={[0, null]}
      group={group}
      exportAs={exportAs}
      testId={`usage-${chart.line}`}
    />
  ));
}
