/** What can be taken from a chart: a table, a CSV of what is in view, a picture. */
import type { RefObject } from "react";
import type uPlot from "uplot";
import { fileName, toCsv } from "@/lib/chart/csv";
import { picture } from "@/lib/chart/png";
import { headCells, rowCells, rowsInView, type TableSource } from "@/lib/chart/table";
import { download } from "@/lib/download";
import type { ChartLine } from "../Chart";
import { Menu } from "../Menu";

interface Props {
  source: TableSource;
  lines: ChartLine[];
  plot: RefObject<uPlot | null>;
  exportAs: string | undefined;
  table: boolean;
  onTable: (shown: boolean) => void;
}

export function ChartActions({ source, lines, plot, exportAs, table, onTable }: Props) {
  const { title } = source;
  const name = fileName(exportAs ?? "", title);
  const saveCsv = () => {
    const rows = rowsInView(source).map((row) => rowCells(source, row));
    download(new Blob([toCsv([headCells(source), ...rows])], { type: "text/csv" }), `${name}.csv`);
  };
  const savePng = () => {
    if (plot.current === null) return;
    picture(plot.current, { title, lines: lines.filter((line) => line.unnamed !== true) }).toBlob((blob) => {
      if (blob !== null) download(blob, `${name}.png`);
    });
  };
  const toggle = () => {
    onTable(!table);
  };
  return (
    <Menu
      label={`${title}: save, or show as a table`}
      icon="more"
      items={[
        { label: table ? "Hide the table" : "Show as a table", onSelect: toggle },
        { label: "Save as CSV", onSelect: saveCsv },
        { label: "Save as PNG", onSelect: savePng },
      ]}
    />
  );
}
