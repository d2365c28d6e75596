import { memo } from "react";
import { Panel } from "@/components/Panel";
import { Stat } from "@/components/States";
import * as f from "@/lib/format";
import type { ChartData } from "@/lib/systemRange";
import type { CpuMetrics } from "@/lib/types/system";
import { Cores } from "./Cores";
import { TimeChart } from "./TimeChart";

interface Props {
  metrics: CpuMetrics | null;
  chart: ChartData;
  live: boolean;
  stale: boolean;
}

const NAMES = [{ label: "", color: "--c1" }];
const WHOLE: [number, number] = [0, 100];
const NO_CORES: (number | null)[] = [];
const percent = (value: number | null) => f.percent(value);

function note(metrics: CpuMetrics | null): string {
  if (metrics === null) return "";
  const cores = `${f.count(metrics.count)} ${metrics.count === 1 ? "core" : "cores"}`;
  return metrics.frequency_mhz === null ? cores : `${cores} · ${f.count(metrics.frequency_mhz)} MHz`;
}

export const CpuPanel = memo(function CpuPanel({ metrics, chart, live, stale }: Props) {
  return (
    <Panel title="CPU" stale={stale} testId="panel-cpu" note={note(metrics)}>
      <dl className="mb-3 grid grid-cols-2 gap-x-4 gap-y-2 sm:grid-cols-4">
        <Stat large label="In use" value={f.percent(metrics?.percent, 1)} testId="cpu-percent" />
        <Stat large label="Load, 1 min" value={f.metric(metrics?.load1, 3)} title="Tasks that run or wait to run, mean" />
        <Stat large label="5 min" value={f.metric(metrics?.load5, 3)} />
        <Stat large label="15 min" value={f.metric(metrics?.load15, 3)} />
      </dl>
      <TimeChart title="All cores" chart={chart} live={live} names={NAMES} format={percent} axis="percent" range={WHOLE} testId="chart-cpu" />
      <Cores values={metrics?.per_core ?? NO_CORES} />
    </Panel>
  );
});
