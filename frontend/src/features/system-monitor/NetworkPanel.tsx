import { Panel } from "@/components/Panel";
import { Stat } from "@/components/States";
import * as f from "@/lib/format";
import type { Series } from "@/lib/series";
import type { NetworkMetrics } from "@/lib/types/system";
import { TimeChart } from "./TimeChart";

export function NetworkPanel({ metrics, series, stale }: { metrics: NetworkMetrics | null; series: Series | undefined; stale: boolean }) {
  const interfaces = metrics?.interfaces ?? [];
  return (
    <Panel title="Network" stale={stale} testId="panel-network">
      <dl className="mb-3 grid grid-cols-2 gap-4">
        <Stat large label="Receiving" value={f.byteRate(metrics?.recv_rate)} />
        <Stat large label="Sending" value={f.byteRate(metrics?.sent_rate)} />
      </dl>
      <TimeChart
        title="Throughput"
        series={series}
        names={[
          { label: "received", color: "--c1" },
          { label: "sent", color: "--c2" },
        ]}
        format={f.byteRate}
        axis="bytes/s" range={[0, null]}
        testId="chart-network"
      />
      <ul className="mt-3 grid gap-1.5">
        {interfaces.map((each) => (
          <li key={each.name} className="grid grid-cols-[1fr_auto_auto] items-baseline gap-4 text-xs">
            <span className="truncate font-mono text-muted">{each.name}</span>
            <span className="min-w-[13ch] text-right">↓ {f.byteRate(each.recv_rate)}</span>
            <span className="min-w-[13ch] text-right">↑ {f.byteRate(each.sent_rate)}</span>
          </li>
        ))}
        {interfaces.length === 0 && <li className="text-xs text-muted">{f.UNKNOWN}</li>}
      </ul>
    </Panel>
  );
}
