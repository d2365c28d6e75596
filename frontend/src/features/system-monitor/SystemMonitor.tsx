/** The machine: its GPUs, processor, memory, disk and network, now and over time. */
import { useMemo } from "react";
import { ErrorNote } from "@/components/States";
import { useChannelStale } from "@/hooks/useFreshness";
import { useJobResources } from "@/hooks/useJobResources";
import { useOperations, useSystemMonitor } from "@/hooks/useStores";
import { useSystemRange } from "@/hooks/useSystemRange";
import { useQuery } from "@/lib/router";
import { systemMonitorStore } from "@/stores/systemMonitorStore";
import { systemRangeStore } from "@/stores/systemRangeStore";
import { CpuPanel } from "./CpuPanel";
import { DiskPanel } from "./DiskPanel";
import { GpuPanel } from "./GpuPanel";
import { MemoryPanel } from "./MemoryPanel";
import { NetworkPanel } from "./NetworkPanel";
import { rangeOf, type Range } from "./ranges";
import { RangeNote } from "./RangeNote";
import { Toolbar } from "./Toolbar";
import { useCharts } from "./useCharts";

const WATCHED_JOBS = 50;

export function SystemMonitor() {
  const [wanted, setWanted] = useQuery("range", "live");
  const range = rangeOf(wanted);
  const host = useSystemMonitor((state) => state.cpu?.host ?? null);
  const sampleInterval = useSystemMonitor((state) => state.sampleInterval);
  const updateInterval = useSystemMonitor((state) => state.updateInterval);
  const historyError = useSystemMonitor((state) => (state.historyLoad === "error" ? state.historyError : null));
  const { answer, error } = useSystemRange(range.seconds);
  // The memory's division needs what each job uses.
  const running = useOperations((state) =>
    state.activeOperations
      .filter((job) => job.status !== "queued")
      .slice(0, WATCHED_JOBS)
      .map((job) => job.id)
      .join(" "),
  );
  useJobResources(useMemo(() => running.split(" "), [running]));

  const live = range.seconds === null;
  return (
    <div className="flex flex-col gap-4" data-testid="system-monitor">
      <Toolbar
        host={host}
        sampleInterval={sampleInterval}
        range={range}
        onRange={setWanted}
        updateInterval={updateInterval}
        onUpdateInterval={systemMonitorStore.getState().setUpdateInterval}
      />
      {live && historyError !== null && (
        <ErrorNote onRetry={() => void systemMonitorStore.getState().fetchHistory()}>The last minutes can't be read: {historyError}</ErrorNote>
      )}
      {range.seconds !== null && (
        <RangeNote range={range} answer={answer} error={error} onRetry={() => void systemRangeStore.getState().fetchRange(range.seconds)} />
      )}
      <Panels range={range} />
    </div>
  );
}

function Panels({ range }: { range: Range }) {
  const cpu = useSystemMonitor((state) => state.cpu);
  const memory = useSystemMonitor((state) => state.memory);
  const disk = useSystemMonitor((state) => state.disk);
  const network = useSystemMonitor((state) => state.network);
  const gpus = useSystemMonitor((state) => state.gpus);
  const freeSpace = useSystemMonitor((state) => state.freeSpace);
  const live = range.seconds === null;
  const chart = useCharts(live);
  const ids = Object.keys(gpus).map(Number);
  return (
    <>
      <div className="grid gap-4 lg:grid-cols-2">
        {ids.map((id, i) => (
          <OneGpu key={id} id={id} wide={ids.length % 2 === 1 && i === ids.length - 1} live={live} />
        ))}
        <CpuPanel metrics={cpu} chart={chart("system/cpu")} live={live} stale={useChannelStale("system/cpu")} />
        <MemoryPanel metrics={memory} chart={chart("system/memory")} live={live} stale={useChannelStale("system/memory")} />
        <DiskPanel metrics={disk} chart={chart("system/disk")} freeSpace={freeSpace} live={live} stale={useChannelStale("system/disk")} />
        <NetworkPanel metrics={network} chart={chart("system/network")} live={live} stale={useChannelStale("system/network")} />
      </div>
      {ids.length === 0 && <NoGpu />}
    </>
  );
}

function OneGpu({ id, wide, live }: { id: number; wide: boolean; live: boolean }) {
  const metrics = useSystemMonitor((state) => state.gpus[id]);
  const chart = useCharts(live);
  const stale = useChannelStale(`system/gpu/${id}`);
  return metrics === undefined ? null : <GpuPanel metrics={metrics} wide={wide} chart={chart(`system/gpu/${id}`)} live={live} stale={stale} />;
}

function NoGpu() {
  const reason = useSystemMonitor((state) => state.gpuReason);
  return (
    <section aria-label="GPU" className="panel flex items-baseline gap-3 px-4 py-3" data-testid="no-gpu">
      <h2 className="text-sm font-semibold">GPU</h2>
      <p className="min-w-0 text-sm break-words text-muted">{reason === null ? "None reported so far." : `None: ${reason}`}</p>
    </section>
  );
}
