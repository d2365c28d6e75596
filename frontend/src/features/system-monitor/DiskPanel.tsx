import { Meter } from "@/components/Meter";
import { Panel } from "@/components/Panel";
import { Stat } from "@/components/States";
import * as f from "@/lib/format";
import type { Series } from "@/lib/series";
import type { DiskMetrics } from "@/lib/types/system";
import { TimeChart } from "./TimeChart";

const NEARLY_FULL = 90;

export function DiskPanel({ metrics, series, stale }: { metrics: DiskMetrics | null; series: Series | undefined; stale: boolean }) {
  const filesystems = metrics?.filesystems ?? [];
  return (
    <Panel title="Disk" stale={stale} testId="panel-disk" note={metrics?.devices === null || metrics === null ? "" : metrics.devices.map((device) => device.name).join(", ")}>
      <dl className="mb-3 grid grid-cols-2 gap-4">
        <Stat large label="Reading" value={f.byteRate(metrics?.read_rate)} />
        <Stat large label="Writing" value={f.byteRate(metrics?.write_rate)} />
      </dl>
      <TimeChart
        title="Throughput"
        series={series}
        names={[
          { label: "read", color: "--c1" },
          { label: "write", color: "--c2" },
        ]}
        format={f.byteRate}
        axis="bytes/s" range={[0, null]}
        testId="chart-disk"
      />
      <ul className="mt-3 grid gap-2">
        {filesystems.map((fs) => (
          <li key={fs.mount_point} className="grid grid-cols-[minmax(60px,140px)_1fr_auto] items-center gap-3 text-xs">
            <span className="truncate font-mono text-muted" title={fs.mount_point}>
              {fs.mount_point}
            </span>
            <Meter label={`${fs.mount_point} used`} value={fs.percent} />
            <span className={`min-w-[17ch] text-right ${fs.percent !== null && fs.percent >= NEARLY_FULL ? "font-medium text-amber" : ""}`}>
              {f.bytes(fs.free)} free of {f.bytes(fs.total)}
            </span>
          </li>
        ))}
        {filesystems.length === 0 && <li className="text-xs text-muted">{f.UNKNOWN}</li>}
      </ul>
    </Panel>
  );
}
