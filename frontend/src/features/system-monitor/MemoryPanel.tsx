import { memo } from "react";
import { Meter } from "@/components/Meter";
import { Panel } from "@/components/Panel";
import { Stat } from "@/components/States";
import * as f from "@/lib/format";
import type { ChartData } from "@/lib/systemRange";
import type { MemoryMetrics } from "@/lib/types/system";
import { MemoryParts } from "./MemoryParts";
import { TimeChart } from "./TimeChart";

interface Props {
  metrics: MemoryMetrics | null;
  chart: ChartData;
  live: boolean;
  stale: boolean;
}

const NAMES = [
  { label: "memory", color: "--c1" },
  { label: "swap", color: "--c2" },
];
const NO_SWAP = NAMES.slice(0, 1);
const WHOLE: [number, number] = [0, 100];
const percent = (value: number | null) => f.percent(value);

export const MemoryPanel = memo(function MemoryPanel({ metrics, chart, live, stale }: Props) {
  const ram = metrics?.ram ?? null;
  const swap = metrics?.swap ?? null;
  const noSwap = swap !== null && swap.total === 0;
  return (
    <Panel title="Memory" stale={stale} testId="panel-memory" note={ram === null ? "" : f.bytes(ram.total)}>
      <dl className="mb-3 grid grid-cols-2 gap-x-4 gap-y-2 sm:grid-cols-4">
        <Stat large label="In use" value={f.percent(ram?.used_percent, 1)} />
        <Stat large label="Used" value={f.bytes(ram?.used)} />
        <Stat large label="Available" value={f.bytes(ram?.available)} title="For a new program, without swapping" />
        <Stat large label="Swap used" value={noSwap ? "none" : f.bytes(swap?.used)} />
      </dl>
      <TimeChart title="In use" chart={chart} live={live} names={noSwap ? NO_SWAP : NAMES} format={percent} axis="percent" range={WHOLE} testId="chart-memory" />
      <div className="mt-3 grid gap-3">
        <MemoryParts ram={ram} host={metrics?.host ?? null} />
        {noSwap ? (
          <p className="text-xs text-muted">Swap: this machine has none.</p>
        ) : (
          <div className="grid grid-cols-[60px_1fr_auto] items-center gap-3 text-xs">
            <span className="text-muted">Swap</span>
            <Meter label="Swap used" value={swap?.used_percent ?? null} />
            <span className="min-w-[17ch] text-right">
              {f.bytes(swap?.used)} of {f.bytes(swap?.total)}
            </span>
          </div>
        )}
      </div>
    </Panel>
  );
});
