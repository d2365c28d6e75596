/** One row. It is rendered again only when something of it has changed. */
import { memo } from "react";
import type { Column, Lookup } from "@/lib/trainingTable/columns";
import type { TrainingRow } from "@/lib/trainingTable/row";
import type { SmallSeries } from "@/stores/trainingTableStore";
import { CELLS, titleOf } from "./TableCells";

interface Props {
  row: TrainingRow;
  /** From 0, among the rows shown. */
  index: number;
  columns: readonly Column[];
  curve: SmallSeries | undefined;
  lookup: Lookup;
  now: number;
  selected: boolean;
  current: boolean;
  onToggle: (id: string, range: boolean) => void;
  onCurrent: (id: string) => void;
}

export const TableRow = memo(function TableRow({ row, index, columns, curve, lookup, now, selected, current, onToggle, onCurrent }: Props) {
  const context = { lookup, curve, now };
  return (
    <tr
      aria-rowindex={index + 2}
      aria-current={current ? "true" : undefined}
      data-testid="training-row"
      data-training-id={row.id}
      data-selected={selected}
      onFocus={() => {
        onCurrent(row.id);
      }}
    >
      <td className="check">
        <label className="check-area">
          <input
            type="checkbox"
            className="checkbox"
            aria-label={`Select ${titleOf(row)}`}
            checked={selected}
            onChange={(event) => {
              onToggle(row.id, event.nativeEvent instanceof MouseEvent && event.nativeEvent.shiftKey);
            }}
          />
        </label>
      </td>
      {columns.map(({ key, number }) => (
        <td key={key} data-column={key} className={number ? "number" : ""}>
          {CELLS[key]?.(row, context)}
        </td>
      ))}
    </tr>
  );
});
