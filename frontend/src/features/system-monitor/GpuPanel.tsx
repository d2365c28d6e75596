import { memo } from "react";
import { Meter } from "@/components/Meter";
import { Panel } from "@/components/Panel";
import { Stat } from "@/components/States";
import * as f from "@/lib/format";
import type { ChartData } from "@/lib/systemRange";
import type { GpuMetrics } from "@/lib/types/system";
import { GpuProcesses } from "./GpuProcesses";
import { TimeChart } from "./TimeChart";

function watts(value: number | null): string {
  return value === null ? f.UNKNOWN : `${Math.round(value)}\u202fW`;
}

function degrees(value: number | null): string {
  return value === null ? f.UNKNOWN : `${Math.round(value)}\u202f°C`;
}

const percent = (value: number | null) => f.percent(value);
const LOAD = [
  { label: "compute", color: "--c1" },
  { label: "memory", color: "--c2" },
];
const TEMPERATURE = [{ label: "", color: "--c5" }];
const POWER = [{ label: "", color: "--c3" }];
const WHOLE: [number, number] = [0, 100];
const FROM_ZERO: [number, null] = [0, null];

interface Props {
  metrics: GpuMetrics;
  chart: ChartData;
  live: boolean;
  stale: boolean;
  /** Takes a whole row: it would stand alone in it. */
  wide: boolean;
}

export const GpuPanel = memo(function GpuPanel({ metrics, chart, live, stale, wide }: Props) {
  const name = `gpu-${metrics.gpu_id}`;
  return (
    <Panel title={`GPU ${metrics.gpu_id}`} note={metrics.name ?? ""} stale={stale} className={wide ? "lg:col-span-2" : ""} testId={`panel-${name}`}>
      <dl className="mb-3 grid grid-cols-2 gap-x-4 gap-y-2 sm:grid-cols-4">
        <Stat large label="In use" value={f.percent(metrics.utilization)} />
        <Stat large label="Memory" value={f.percent(metrics.memory_percent)} />
        <Stat large label="Temperature" value={degrees(metrics.temperature)} />
        <Stat large label="Power" value={watts(metrics.power_usage)} />
      </dl>
      <div className={`grid gap-x-6 gap-y-3 ${wide ? "lg:grid-cols-[2fr_1fr_1fr]" : ""}`}>
        <TimeChart title="Load" chart={chart} live={live} names={LOAD} format={percent} axis="percent" range={WHOLE} testId={`chart-${name}`} />
        <div className={wide ? "contents" : "grid gap-x-6 gap-y-3 sm:grid-cols-2"}>
          <TimeChart title="Temperature" chart={chart} first={2} live={live} names={TEMPERATURE} format={degrees} height={wide ? 140 : 90} testId={`chart-${name}-temperature`} />
          <TimeChart title="Power" chart={chart} first={3} live={live} names={POWER} format={watts} range={FROM_ZERO} height={wide ? 140 : 90} testId={`chart-${name}-power`} />
        </div>
      </div>
      <div className="mt-3 grid grid-cols-[60px_1fr_auto] items-center gap-3 text-xs">
        <span className="text-muted">Memory</span>
        <Meter label={`GPU ${metrics.gpu_id} memory used`} value={metrics.memory_percent} />
        <span className="min-w-[17ch] text-right">
          {f.bytes(metrics.memory_used)} of {f.bytes(metrics.memory_total)}
        </span>
      </div>
      <GpuProcesses metrics={metrics} />
      <p className="mt-2 text-xs text-muted">
        power limit {watts(metrics.power_limit)} · fan {f.percent(metrics.fan_speed)} · clock {f.count(metrics.clock_sm)} MHz · memory clock {f.count(metrics.clock_memory)} MHz
      </p>
    </Panel>
  );
});
