import { Panel } from "@/components/Panel";
import { Stat } from "@/components/States";
import * as f from "@/lib/format";
import type { Series } from "@/lib/series";
import type { CpuMetrics } from "@/lib/types/system";
import { TimeChart } from "./TimeChart";

export function CpuPanel({ metrics, series, stale }: { metrics: CpuMetrics | null; series: Series | undefined; stale: boolean }) {
  const cores = metrics?.per_core ?? [];
  return (
    <Panel title="CPU" stale={stale} testId="panel-cpu" note={metrics === null ? "" : `${f.count(metrics.count)} ${metrics.count === 1 ? "core" : "cores"}${metrics.frequency_mhz === null ? "" : ` · ${f.count(metrics.frequency_mhz)} MHz`}`}>
      <dl className="mb-3 grid grid-cols-2 gap-x-4 gap-y-2 sm:grid-cols-4">
        <Stat large label="In use" value={f.percent(metrics?.percent, 1)} />
        <Stat large label="Load, 1 min" value={f.metric(metrics?.load1, 3)} />
        <Stat large label="5 min" value={f.metric(metrics?.load5, 3)} />
        <Stat large label="15 min" value={f.metric(metrics?.load15, 3)} />
      </dl>
      <TimeChart title="All cores" series={series} names={[{ label: "", color: "--c1" }]} format={(v) => f.percent(v)} axis="percent" range={[0, 100]} testId="chart-cpu" />
      <h3 className="caption mt-3 mb-1">Each core</h3>
      <div className="grid min-h-8 grid-cols-[repeat(auto-fill,minmax(28px,1fr))] gap-1" role="list" aria-label="Each core">
        {cores.map((value, i) => (
          <div key={i} role="listitem" aria-label={`Core ${i}: ${f.percent(value)}`} title={`Core ${i}: ${f.percent(value)}`} className="relative h-8 overflow-hidden rounded-sm bg-track">
            <div className="absolute inset-x-0 bottom-0 bg-accent transition-[height] duration-300" style={{ height: `${value ?? 0}%`, opacity: 0.85 }} />
          </div>
        ))}
        {cores.length === 0 && <span className="col-span-full text-xs text-muted">{f.UNKNOWN}</span>}
      </div>
    </Panel>
  );
}
