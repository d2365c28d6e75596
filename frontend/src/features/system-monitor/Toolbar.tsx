/** Which machine, which time, and how often. */
import { Choice } from "@/components/Choice";
import { UPDATE_INTERVALS } from "@/stores/updateInterval";
import { RANGES, type Range } from "./ranges";

interface Props {
  host: string | null;
  /** Seconds between two readings of the server. */
  sampleInterval: number;
  range: Range;
  onRange: (value: string) => void;
  updateInterval: number;
  onUpdateInterval: (seconds: number) => void;
}

export function Toolbar({ host, sampleInterval, range, onRange, updateInterval, onUpdateInterval }: Props) {
  // One set elsewhere, such as in the settings, is shown too.
  const intervals = UPDATE_INTERVALS.includes(updateInterval) ? UPDATE_INTERVALS : [...UPDATE_INTERVALS, updateInterval].sort((a, b) => a - b);
  return (
    <div className="flex flex-wrap items-center gap-x-5 gap-y-2">
      <p className="mr-auto min-w-0 truncate text-xs text-muted">
        {host !== null && <span className="font-medium text-fg">{host}</span>}
        {host !== null && " · "}read every {sampleInterval} s
      </p>
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
            onUpdateInterval(Number(value));
          }}
        />
      </div>
    </div>
  );
}
