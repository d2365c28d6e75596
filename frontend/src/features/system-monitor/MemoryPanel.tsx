import { Meter } from "@/components/Meter";
import { Panel } from "@/components/Panel";
import { Stat } from "@/components/States";
import * as f from "@/lib/format";
import type { Series } from "@/lib/series";
import type { MemoryMetrics } from "@/lib/types/system";
import { TimeChart } from "./TimeChart";

export function MemoryPanel({ metrics, series, stale }: { metrics: MemoryMetrics | null; series: Series | undefined; stale: boolean }) {
  const ram = metrics?.ram ?? null;
  const swap = metrics?.swap ?? null;
  const noSwap = swap !== null && swap.total === 0;
  return (
    <Panel title="Memory" stale={stale} testId="panel-memory" note={ram === null ? "" : `${f.bytes(ram.total)}`}>
      <dl className="mb-3 grid grid-cols-2 gap-x-4 gap-y-2 sm:grid-cols-4">
        <Stat large label="In use" value={f.percent(ram?.used_percent, 1)} />
        <Stat large label="Used" value={f.bytes(ram?.used)} />
        <Stat large label="Available" value={f.bytes(ram?.available)} />
        <Stat large label="Swap used" value={noSwap ? "none" : f.bytes(swap?.used)} />
      </dl>
      <TimeChart
        title="In use"
        series={series}
        names={[
          { label: "memory", color: "--c1" },
          { label: "swap", color: "--c2" },
        ]}
        format={(v) => f.percent(v)}
        axis="percent" range={[0, 100]}
        testId="chart-memory"
      />
      <div className="mt-3 grid gap-2">
        <Level name="Memory" used={ram?.used ?? null} total={ram?.total ?? null} percent={ram?.used_percent ?? null} />
        {noSwap ? (
          <p className="text-xs text-muted">Swap: this machine has none.</p>
        ) : (
          <Level name="Swap" used={swap?.used ?? null} total={swap?.total ?? null} percent={swap?.used_percent ?? null} />
        )}
      </div>
    </Panel>
  );
}

function Level({ name, used, total, percent }: { name: string; used: number | null; total: number | null; percent: number | null }) {
  return (
    <div className="grid grid-cols-[60px_1fr_auto] items-center gap-3 text-xs">
      <span className="text-muted">{name}</span>
      <Meter label={`${name} used`} value={percent} />
      <span className="min-w-[17ch] text-right">
        {f.bytes(used)} of {f.bytes(total)}
      </span>
    </div>
  );
}
