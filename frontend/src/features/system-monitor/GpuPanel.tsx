import { Meter } from "@/components/Meter";
import { Panel } from "@/components/Panel";
import { Stat } from "@/components/States";
import * as f from "@/lib/format";
import type { Series } from "@/lib/series";
import type { GpuMetrics } from "@/lib/types/system";
import { TimeChart } from "./TimeChart";

function watts(value: number | null): string {
  return value === null ? f.UNKNOWN : `${Math.round(value)}\u202fW`;
}

interface Props {
  metrics: GpuMetrics;
  series: Series | undefined;
  stale: boolean;
  /** Takes a whole row: it would stand alone in it. */
  wide: boolean;
}

export function GpuPanel({ metrics, series, stale, wide }: Props) {
  const processes = metrics.processes ?? [];
  return (
    <Panel title={`GPU ${metrics.gpu_id}`} note={metrics.name ?? ""} stale={stale} className={wide ? "lg:col-span-2" : ""} testId={`panel-gpu-${metrics.gpu_id}`}>
      <dl className="mb-3 grid grid-cols-2 gap-x-4 gap-y-2 sm:grid-cols-4">
        <Stat large label="In use" value={f.percent(metrics.utilization)} />
        <Stat large label="Memory" value={f.percent(metrics.memory_percent)} />
        <Stat large label="Temperature" value={metrics.temperature === null ? f.UNKNOWN : `${Math.round(metrics.temperature)}\u202f°C`} />
        <Stat large label="Power" value={watts(metrics.power_usage)} title={`Limit ${watts(metrics.power_limit)}`} />
      </dl>
      <TimeChart
        title="Load"
        series={series}
        names={[
          { label: "compute", color: "--c1" },
          { label: "memory", color: "--c2" },
        ]}
        format={(v) => f.percent(v)}
        axis="percent" range={[0, 100]}
        testId={`chart-gpu-${metrics.gpu_id}`}
      />
      <div className="mt-3 grid grid-cols-[60px_1fr_auto] items-center gap-3 text-xs">
        <span className="text-muted">Memory</span>
        <Meter label={`GPU ${metrics.gpu_id} memory used`} value={metrics.memory_percent} />
        <span className="min-w-[17ch] text-right">
          {f.bytes(metrics.memory_used)} of {f.bytes(metrics.memory_total)}
        </span>
      </div>
      <p className="mt-2 truncate text-xs text-muted">
        {metrics.processes === null
          ? "Processes: not readable"
          : processes.length === 0
            ? "No process uses it."
            : processes.map((process) => `${process.job_id ?? `pid ${process.pid}`} ${f.bytes(process.memory_bytes)}`).join(" · ")}
        {" · fan "}
        {f.percent(metrics.fan_speed)} · clock {f.count(metrics.clock_sm)} MHz
      </p>
    </Panel>
  );
}
