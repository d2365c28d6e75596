/** The panels of the machine that the page has chosen. */
import { useMemo } from "react";
import { ErrorNote } from "@/components/States";
import { useChannelStale } from "@/hooks/useFreshness";
import { useJobResources } from "@/hooks/useJobResources";
import { useMachineState, useMachineStore } from "@/hooks/useMachineState";
import { useOperations } from "@/hooks/useStores";
import { useSystemRange } from "@/hooks/useSystemRange";
import { systemRangeStore } from "@/stores/systemRangeStore";
import { CpuPanel } from "./CpuPanel";
import { DiskPanel } from "./DiskPanel";
import { GpuPanel } from "./GpuPanel";
import { MemoryPanel } from "./MemoryPanel";
import { NetworkPanel } from "./NetworkPanel";
import type { Range } from "./ranges";
import { RangeNote } from "./RangeNote";
import { useCharts } from "./useCharts";

const WATCHED_JOBS = 50;

/** The memory's division needs what each job of this machine uses. */
function useJobsHere(): void {
  const host = useMachineState((state) => state.memory?.host ?? null);
  const running = useOperations((state) =>
    state.activeOperations
      .filter((job) => job.status !== "queued" && host !== null && job.host === host)
      .slice(0, WATCHED_JOBS)
      .map((job) => job.id)
      .join(" "),
  );
  useJobResources(useMemo(() => running.split(" "), [running]));
}

export function Machine({ range }: { range: Range }) {
  const machine = useMachineStore();
  const { seconds } = range;
  const host = useMachineState((state) => state.host);
  const historyError = useMachineState((state) => (state.historyLoad === "error" ? state.historyError : null));
  const { answer, error } = useSystemRange(seconds, host);
  useJobsHere();
  return (
    <>
      {seconds === null && historyError !== null && (
        <ErrorNote onRetry={() => void machine.getState().fetchHistory()}>The last minutes can't be read: {historyError}</ErrorNote>
      )}
      {seconds !== null && <RangeNote range={range} answer={answer} error={error} onRetry={() => void systemRangeStore.getState().fetchRange(seconds, host)} />}
      <Panels live={seconds === null} />
    </>
  );
}

function Panels({ live }: { live: boolean }) {
  const cpu = useMachineState((state) => state.cpu);
  const memory = useMachineState((state) => state.memory);
  const disk = useMachineState((state) => state.disk);
  const network = useMachineState((state) => state.network);
  const gpus = useMachineState((state) => state.gpus);
  const freeSpace = useMachineState((state) => state.freeSpace);
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
  const metrics = useMachineState((state) => state.gpus[id]);
  const chart = useCharts(live);
  const stale = useChannelStale(`system/gpu/${id}`);
  return metrics === undefined ? null : <GpuPanel metrics={metrics} wide={wide} chart={chart(`system/gpu/${id}`)} live={live} stale={stale} />;
}

function NoGpu() {
  const reason = useMachineState((state) => state.gpuReason);
  return (
    <section aria-label="GPU" className="panel flex items-baseline gap-3 px-4 py-3" data-testid="no-gpu">
      <h2 className="text-sm font-semibold">GPU</h2>
      <p className="min-w-0 text-sm break-words text-muted">{reason === null ? "None reported so far." : `None: ${reason}`}</p>
    </section>
  );
}
