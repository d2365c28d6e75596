/** Which machine, which time, and how often. */
import type { ReactNode } from "react";
import { Choice } from "@/components/Choice";
import { useMachineState } from "@/hooks/useMachineState";
import { useSystemMonitor } from "@/hooks/useStores";
import { systemMonitorStore } from "@/stores/systemMonitorStore";
import { UPDATE_INTERVALS } from "@/stores/updateInterval";
import { RANGES, type Range } from "./ranges";

interface Props {
  /** Where there are several machines: chooses one. */
  selector: ReactNode;
  range: Range;
  onRange: (value: string) => void;
}

export function Toolbar({ selector, range, onRange }: Props) {
  const name = useMachineState((state) => state.cpu?.host ?? null);
  const sampleInterval = useMachineState((state) => state.sampleInterval);
  const updateInterval = useSystemMonitor((state) => state.updateInterval);
  // One set elsewhere, such as in the settings, is shown too.
  const intervals = UPDATE_INTERVALS.includes(updateInterval) ? UPDATE_INTERVALS : [...UPDATE_INTERVALS, updateInterval].sort((a, b) => a - b);
  return (
    <div className="flex flex-wrap items-center gap-x-5 gap-y-2">
      <div className="mr-auto flex max-w-full min-w-0 flex-wrap items-center gap-x-2 gap-y-1">
        {selector}
        <p className="min-w-0 truncate text-xs text-muted">
          {name !== null && (
            // On paper there is no selector that says it.
            <span className={selector === null ? "" : "hidden print:inline"}>
              <span className="font-medium text-fg">{name}</span>
              {" · "}
            </span>
          )}
          read every {sampleInterval} s
        </p>
      </div>
      <Choice label="Time shown by the charts" options={RANGES} value={range.value} onChange={onRange} />
      <div className="flex items-center gap-2">
        <span className="text-xs text-muted" aria-hidden="true">
          Update every
        </span>
        <Choice
          label="Update every"
          options={intervals.map((seconds) => ({ value: String(seconds), word: `${seconds} s` }))}
          value={String(updateInterval)}
          onChange={(value) => {
            systemMonitorStore.getState().setUpdateInterval(Number(value));
          }}
        />
      </div>
    </div>
  );
}
