import { memo } from "react";
import { Panel } from "@/components/Panel";
import { Stat } from "@/components/States";
import * as f from "@/lib/format";
import type { ChartData } from "@/lib/systemRange";
import type { NetworkMetrics } from "@/lib/types/system";
import { TimeChart } from "./TimeChart";

interface Props {
  metrics: NetworkMetrics | null;
  chart: ChartData;
  live: boolean;
  stale: boolean;
}

const NAMES = [
  { label: "received", color: "--c1" },
  { label: "sent", color: "--c2" },
];
const FROM_ZERO: [number, null] = [0, null];

export const NetworkPanel = memo(function NetworkPanel({ metrics, chart, live, stale }: Props) {
  const interfaces = metrics?.interfaces ?? null;
  return (
    <Panel title="Network" stale={stale} testId="panel-network">
      <dl className="mb-3 grid grid-cols-2 gap-4">
        <Stat large label="Receiving" value={f.byteRate(metrics?.recv_rate)} />
        <Stat large label="Sending" value={f.byteRate(metrics?.sent_rate)} />
      </dl>
      <TimeChart title="Throughput" chart={chart} live={live} names={NAMES} format={f.byteRate} axis="bytes/s" range={FROM_ZERO} testId="chart-network" />
      <ul className="mt-3 grid gap-1.5" aria-label="Network interfaces">
        {(interfaces ?? []).map((each) => (
          <li key={each.name} className="grid grid-cols-[minmax(0,1fr)_auto_auto] items-baseline gap-3 text-xs">
            <span className="truncate font-mono text-muted">{each.name}</span>
            <span className="min-w-[15ch] text-right">{f.byteRate(each.recv_rate)} received</span>
            <span className="min-w-[13ch] text-right">{f.byteRate(each.sent_rate)} sent</span>
          </li>
        ))}
        {interfaces === null && <li className="text-xs text-muted">{f.UNKNOWN}</li>}
        {interfaces?.length === 0 && <li className="text-xs text-muted">No interface with hardware behind it.</li>}
      </ul>
    </Panel>
  );
});
