/** What a chart shows, as a table that can be read line by line. */
import { useMemo } from "react";
import { evenly, headCells, rowCells, rowsInView, type TableSource } from "@/lib/chart/table";
import { lastKnown } from "@/lib/chart/values";
import { duration, fullTime, UNKNOWN } from "@/lib/format";
import type { ChartLine } from "../Chart";

const MOST_ROWS = 200;

interface Props {
  source: TableSource;
  format: (value: number | null) => string;
}

function words(value: unknown): string {
  if (typeof value === "number" && !Number.isFinite(value)) return Number.isNaN(value) ? UNKNOWN : value > 0 ? "+∞" : "−∞";
  return "";
}

export function ChartTable({ source, format }: Props) {
  const all = useMemo(() => rowsInView(source), [source]);
  const shown = evenly(all, MOST_ROWS);
  const head = headCells(source);
  const fixed = head.length - source.lines.length;
  const cell = (value: ReturnType<typeof rowCells>[number], column: number) => {
    if (column >= fixed) return typeof value === "number" && Number.isFinite(value) ? format(value) : words(value) || UNKNOWN;
    if (typeof value === "string") return fullTime(value);
    if (typeof value !== "number") return UNKNOWN;
    return source.xKind === "duration" ? duration(value) : value.toLocaleString("en-US");
  };
  return (
    <div className="mt-1 max-h-64 overflow-auto rounded-md border border-line" tabIndex={0} role="region" aria-label={`${source.title}: table`}>
      <table className="table">
        <caption className="px-3 py-1.5 text-left text-xs text-muted">
          {all.length === shown.length
            ? `${all.length.toLocaleString("en-US")} rows`
            : `${shown.length.toLocaleString("en-US")} of ${all.length.toLocaleString("en-US")} rows; the CSV has all of them`}
        </caption>
        <thead>
          <tr>
            {head.map((name, i) => (
              <th key={name} scope="col" className={i >= fixed ? "number" : ""}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {shown.map((row) => (
            <tr key={row}>
              {rowCells(source, row).map((value, i) => (
                <td key={head[i]} className={i >= fixed ? "number" : ""}>
                  {cell(value, i)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** What a screen reader is told without opening the table. */
export function NewestValues({ title, lines, format }: { title: string; lines: ChartLine[]; format: Props["format"] }) {
  return (
    <table className="sr-only">
      <caption>{title}: the newest values</caption>
      <tbody>
        {lines.map(
          (line) =>
            line.unnamed !== true && (
              <tr key={line.label}>
                <th scope="row">{line.label === "" ? title : line.label}</th>
                <td>{lastKnown(line.values) === null ? UNKNOWN : format(lastKnown(line.values))}</td>
              </tr>
            ),
        )}
      </tbody>
    </table>
  );
}
