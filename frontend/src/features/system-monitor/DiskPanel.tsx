import { memo } from "react";
import { Panel } from "@/components/Panel";
import { Stat } from "@/components/States";
import * as f from "@/lib/format";
import type { RingView } from "@/lib/ring";
import type { ChartData } from "@/lib/systemRange";
import type { DiskMetrics } from "@/lib/types/system";
import { Filesystems } from "./Filesystems";
import { TimeChart } from "./TimeChart";

interface Props {
  metrics: DiskMetrics | null;
  chart: ChartData;
  /** Free bytes by mount point, over the last minutes. */
  freeSpace: Record<string, RingView>;
  live: boolean;
  stale: boolean;
}

const NAMES = [
  { label: "read", color: "--c1" },
  { label: "write", color: "--c2" },
];
const FROM_ZERO: [number, null] = [0, null];

export const DiskPanel = memo(function DiskPanel({ metrics, chart, freeSpace, live, stale }: Props) {
  const devices = metrics?.devices ?? [];
  return (
    <Panel title="Disk" stale={stale} testId="panel-disk">
      <dl className="mb-3 grid grid-cols-2 gap-4">
        <Stat large label="Reading" value={f.byteRate(metrics?.read_rate)} />
        <Stat large label="Writing" value={f.byteRate(metrics?.write_rate)} />
      </dl>
      <TimeChart title="Throughput" chart={chart} live={live} names={NAMES} format={f.byteRate} axis="bytes/s" range={FROM_ZERO} testId="chart-disk" />
      {devices.length > 0 && (
        <ul className="mt-3 grid gap-1.5" aria-label="Disks">
          {devices.map((device) => (
            <li key={device.name} className="grid grid-cols-[minmax(0,1fr)_auto_auto_auto] items-baseline gap-3 text-xs">
              <span className="truncate font-mono text-muted">{device.name}</span>
              <span className="min-w-[12ch] text-right">{f.byteRate(device.read_rate)} read</span>
              <span className="min-w-[12ch] text-right max-sm:hidden">{f.byteRate(device.write_rate)} written</span>
              <span className="min-w-[9ch] text-right" title="Part of the time in which it had something to do">
                {f.percent(device.busy_percent)} busy
              </span>
            </li>
          ))}
        </ul>
      )}
      <Filesystems filesystems={metrics?.filesystems ?? null} freeSpace={freeSpace} />
    </Panel>
  );
});
