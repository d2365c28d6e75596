/** Whose the machine's load is, live: the server's attribution, with the newest readings of the machine and of the jobs. */
import { useMemo, useRef } from "react";
import { assignColors, type JobColors } from "@/lib/jobColors";
import { machineLevels, type Level } from "@/lib/machineLoad";
import { useOperations, useSystemMonitor } from "./useStores";

export interface MachineView {
  levels: Level[] | null;
  host: string | null;
  colors: JobColors;
  peaks: Record<string, number | null>;
}

const NO_COLORS: JobColors = new Map();

/** Of a line of a series, whose gaps are NaN. */
function highest(values: Float64Array | undefined): number | null {
  let most: number | null = null;
  for (const value of values ?? []) if (!Number.isNaN(value) && (most === null || value > most)) most = value;
  return most;
}

export function useMachineLevels(): MachineView {
  const load = useOperations((state) => state.systemResources);
  const operations = useOperations((state) => state.operations);
  const cpu = useSystemMonitor((state) => state.cpu);
  const memory = useSystemMonitor((state) => state.memory);
  const disk = useSystemMonitor((state) => state.disk);
  const gpus = useSystemMonitor((state) => state.gpus);
  const diskHistory = useSystemMonitor((state) => state.history["system/disk"]);

  const levels = useMemo(
    () => (load === null ? null : machineLevels(load, { cpu, memory, disk, gpus: Object.values(gpus) }, operations)),
    [load, cpu, memory, disk, gpus, operations],
  );
  // A job keeps its colour from one reading to the next.
  const known = useRef(NO_COLORS);
  const colors = useMemo(() => {
    const using = (levels ?? []).flatMap((level) => level.shares.filter((share) => (share.amount ?? 0) > 0).map((share) => share.jobId));
    known.current = assignColors(known.current, [...new Set(using)]);
    return known.current;
  }, [levels]);
  const peaks = useMemo(
    () => ({ "disk-read": highest(diskHistory?.lines[0]), "disk-write": highest(diskHistory?.lines[1]) }),
    [diskHistory],
  );
  return { levels, host: load?.host ?? null, colors, peaks };
}
