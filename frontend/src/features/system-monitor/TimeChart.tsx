import { useMemo } from "react";
import { Chart, type ChartLine, type ChartProps } from "@/components/Chart";
import { isKnown } from "@/lib/chart/values";
import type { ChartData } from "@/lib/systemRange";
import { HISTORY_SECONDS } from "@/stores/machineReadings";

interface Props extends Pick<ChartProps, "title" | "format" | "axis" | "range" | "height" | "testId"> {
  chart: ChartData;
  /** The first of the chart's lines that is shown here. */
  first?: number;
  names: readonly { label: string; color: string }[];
  /** The last minutes, which grow; otherwise a longer time as it was told. */
  live: boolean;
}

const MARGIN = 1.08;

/** The highest of what the areas reach: a free end of the axis is found from the lines alone. */
function highest(lines: ChartLine[]): number | null {
  let most: number | null = null;
  for (const { band } of lines) {
    for (let i = 0; i < (band?.high.length ?? 0); i += 1) {
      const value = band?.high[i];
      if (isKnown(value) && (most === null || value > most)) most = value;
    }
  }
  return most;
}

/** One channel over time; all of them share the cursor. */
export function TimeChart({ chart, first = 0, names, live, height = 140, range, ...rest }: Props) {
  const lines = useMemo(
    () =>
      names.map((name, i): ChartLine => {
        const line = chart.lines[first + i];
        return { ...name, values: line?.values ?? [], ...(line?.band === undefined ? {} : { band: line.band }) };
      }),
    [chart, first, names],
  );
  const ends = useMemo((): [number | null, number | null] | undefined => {
    if (range === undefined || range[1] !== null) return range;
    const top = highest(lines);
    return top === null || top <= 0 ? range : [range[0], top * MARGIN];
  }, [range, lines]);
  const shown = { ...(live ? { windowX: HISTORY_SECONDS } : {}), ...(ends === undefined ? {} : { range: ends }) };
  return <Chart x={chart.x} lines={lines} xKind="time" height={height} group="system" {...shown} {...rest} />;
}
