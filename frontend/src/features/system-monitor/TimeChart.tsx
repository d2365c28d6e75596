import { Chart } from "@/components/Chart";
import { emptySeries, type Series } from "@/lib/series";
import { HISTORY_SECONDS } from "@/stores/systemMonitorStore";

interface Props {
  title: string;
  series: Series | undefined;
  names: { label: string; color: string }[];
  format: (value: number | null) => string;
  axis: "percent" | "bytes/s";
  range: [number | null, number | null];
  testId: string;
}

/** The last fifteen minutes of one channel; all of them share the cursor. */
export function TimeChart({ title, series, names, format, axis, range, testId }: Props) {
  const { x, lines } = series ?? emptySeries(names.length);
  return (
    <Chart
      title={title}
      x={x}
      lines={names.map((name, i) => ({ ...name, values: lines[i] ?? [] }))}
      xKind="time"
      format={format}
      axis={axis}
      range={range}
      windowX={HISTORY_SECONDS}
      height={140}
      group="system"
      testId={testId}
    />
  );
}
