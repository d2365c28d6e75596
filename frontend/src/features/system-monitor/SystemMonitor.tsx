/** The machine: processor, memory, disk, network, and its GPUs, or why there is none. */
import { ErrorNote } from "@/components/States";
import { useNow } from "@/hooks/useNow";
import { useSystemMonitor } from "@/hooks/useStores";
import { staleAfterMs, systemMonitorStore } from "@/stores/systemMonitorStore";
import { CpuPanel } from "./CpuPanel";
import { DiskPanel } from "./DiskPanel";
import { GpuPanel } from "./GpuPanel";
import { MemoryPanel } from "./MemoryPanel";
import { NetworkPanel } from "./NetworkPanel";

export function SystemMonitor() {
  const cpu = useSystemMonitor((state) => state.cpu);
  const memory = useSystemMonitor((state) => state.memory);
  const disk = useSystemMonitor((state) => state.disk);
  const network = useSystemMonitor((state) => state.network);
  const gpus = useSystemMonitor((state) => state.gpus);
  const gpuReason = useSystemMonitor((state) => state.gpuReason);
  const history = useSystemMonitor((state) => state.history);
  const historyError = useSystemMonitor((state) => (state.historyLoad === "error" ? state.historyError : null));
  const dataAt = useSystemMonitor((state) => state.channelDataAt);
  const interval = useSystemMonitor((state) => state.sampleInterval);
  useNow();

  const all = Object.values(gpus);
  // One silent collector greys its own panel and no other.
  const stale = (channel: string) => {
    const at = dataAt[channel];
    return at !== undefined && performance.now() - at > staleAfterMs(interval);
  };
  return (
    <div className="flex flex-col gap-4" data-testid="system-monitor">
      {historyError !== null && (
        <ErrorNote onRetry={() => void systemMonitorStore.getState().fetchHistory()}>The last minutes can't be read: {historyError}</ErrorNote>
      )}
      <div className="grid gap-4 lg:grid-cols-2">
        <CpuPanel metrics={cpu} series={history["system/cpu"]} stale={stale("system/cpu")} />
        <MemoryPanel metrics={memory} series={history["system/memory"]} stale={stale("system/memory")} />
        <DiskPanel metrics={disk} series={history["system/disk"]} stale={stale("system/disk")} />
        <NetworkPanel metrics={network} series={history["system/network"]} stale={stale("system/network")} />
        {all.map((gpu, i) => (
          <GpuPanel
            key={gpu.gpu_id}
            metrics={gpu}
            wide={all.length % 2 === 1 && i === all.length - 1}
            series={history[`system/gpu/${gpu.gpu_id}`]}
            stale={stale(`system/gpu/${gpu.gpu_id}`)}
          />
        ))}
      </div>
      {all.length === 0 && (
        <section aria-label="GPU" className="panel flex items-baseline gap-3 px-4 py-3" data-testid="no-gpu">
          <h2 className="text-sm font-semibold">GPU</h2>
          <p className="text-sm text-muted">
            {gpuReason === null ? "None reported so far." : `None: ${gpuReason}`}
          </p>
        </section>
      )}
    </div>
  );
}
