import { useMemo } from "react";
import { Chart, type ChartProps } from "@/components/Chart";
import type { ChartData } from "@/lib/systemRange";
import { HISTORY_SECONDS } from "@/stores/systemMonitorStore";

interface Props extends Pick<ChartProps, "title" | "format" | "axis" | "range" | "height" | "testId"> {
  chart: ChartData;
  /** The first of the chart's lines that is shown here. */
  first?: number;
  names: readonly { label: string; color: string }[];
  /** The last minutes, which grow; otherwise a longer time as it was told. */
  live: boolean;
}

/** One channel over time; all of them share the cursor. */
export function TimeChart({ chart, first = 0, names, live, height = 140, ...rest }: Props) {
  const lines = useMemo(
    () =>
      names.map((name, i) => {
        const line = chart.lines[first + i];
        return { ...name, values: line?.values ?? [], ...(line?.band === undefined ? {} : { band: line.band }) };
      }),
    [chart, first, names],
  );
  return <Chart x={chart.x} lines={lines} xKind="time" height={height} group="system" {...(live ? { windowX: HISTORY_SECONDS } : {})} {...rest} />;
}
