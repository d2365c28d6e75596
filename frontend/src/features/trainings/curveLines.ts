/** The lines of one metric's chart: each layer's, and on top that of all layers; a smoothed one has the reported one beneath, faint. */
import type { ChartLine } from "@/components/Chart";
import { ALL, type LayerKey } from "@/lib/chart/curves";
import { layerLook, layerWord } from "@/lib/chart/layers";
import type { ViewLine } from "@/lib/chart/view";

export function curveLines(lines: readonly ViewLine[], available: readonly LayerKey[]): ChartLine[] {
  const ordered = [...lines].sort((a, b) => Number(a.layer === ALL) - Number(b.layer === ALL));
  const alone = available.length === 1;
  const raw: ChartLine[] = [];
  const drawn: ChartLine[] = [];
  for (const line of ordered) {
    const look = layerLook(line.layer, available);
    const label = alone ? "" : layerWord(line.layer);
    if (line.raw !== null) {
      raw.push({ ...look, label: label === "" ? "as reported" : `${label}, as reported`, values: line.raw, faint: true, unnamed: true, dense: line.dense });
    }
    drawn.push({ ...look, label, short: alone ? "" : line.layer, values: line.values, dense: line.dense && line.raw === null });
  }
  return [...raw, ...drawn];
}
