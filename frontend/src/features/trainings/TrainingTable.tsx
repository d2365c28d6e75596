/**
 * The table of trainings. Of thousands of rows those in sight are in the document; what is left out above and below stands as one tall
 * empty row each, and aria-rowcount and aria-rowindex say what it is part of.
 */
import { useEffect, useImperativeHandle, useMemo, useRef, type Ref } from "react";
import { useNarrow } from "@/hooks/useNarrow";
import { useRowsInSight } from "@/hooks/useRowsInSight";
import { useRowWindow } from "@/hooks/useRowWindow";
import { useTrainingRows } from "@/hooks/useStores";
import { isActive } from "@/lib/jobWords";
import type { Column, Lookup, Sort } from "@/lib/trainingTable/columns";
import type { TrainingRow } from "@/lib/trainingTable/row";
import { coverage, type Selection } from "@/lib/trainingTable/selection";
import { TableHead } from "./TableHead";
import "./table.css";
import { TableRow } from "./TableRow";

const ROW_HEIGHT = 36;
const HEAD_HEIGHT = 31;
const CHECK_WIDTH = 40;

export interface TableHandle {
  /** Moves the current row and its focus by so many rows, from none to the first in sight. */
  move: (by: number) => void;
}

interface Props {
  ref: Ref<TableHandle>;
  ids: readonly string[];
  rows: ReadonlyMap<string, TrainingRow>;
  orderKey: string;
  columns: readonly Column[];
  sort: Sort;
  onSort: (key: string) => void;
  selection: Selection;
  onToggle: (id: string, range: boolean) => void;
  onToggleAll: () => void;
  current: string | null;
  onCurrent: (id: string) => void;
  lookup: Lookup;
  now: number;
}

export function TrainingTable({ ref, ids, rows, orderKey, columns, sort, onSort, selection, onToggle, onToggleAll, current, onCurrent, lookup, now }: Props) {
  const { scroller, onScroll, reveal, from, to } = useRowWindow({ ids, orderKey, rowHeight: ROW_HEIGHT, headHeight: HEAD_HEIGHT });
  const curves = useTrainingRows((state) => state.curves);
  const seen = useMemo(() => ids.slice(from, to).flatMap((id) => rows.get(id) ?? []), [ids, rows, from, to]);
  const wantsCurves = columns.some(({ key }) => key === "curve");
  useRowsInSight(
    wantsCurves ? seen.filter(({ id }) => !curves.has(id)).map(({ id }) => id) : [],
    seen.filter(({ status }) => isActive(status) && status !== "queued").map(({ id }) => id),
  );

  const wanted = useRef<string | null>(null);
  useImperativeHandle(
    ref,
    () => ({
      move: (by) => {
        const at = current === null ? -1 : ids.indexOf(current);
        const next = at < 0 ? from : Math.min(Math.max(at + by, 0), ids.length - 1);
        const id = ids[next];
        if (id === undefined) return;
        wanted.current = id;
        onCurrent(id);
        reveal(next);
      },
    }),
    [ids, current, from, onCurrent, reveal],
  );
  useEffect(() => {
    if (wanted.current === null) return;
    const shown = [...(scroller.current?.querySelectorAll<HTMLElement>("[data-training-id]") ?? [])];
    const link = shown.find((element) => element.dataset["trainingId"] === wanted.current)?.querySelector<HTMLElement>("[data-row-link]");
    if (link === null || link === undefined) return;
    wanted.current = null;
    link.focus({ preventScroll: true });
  });

  const chosen = useMemo(() => coverage(selection, ids), [selection, ids]);
  const narrow = useNarrow();
  const widthOf = (column: Column) => (narrow ? (column.narrow ?? column.width) : column.width);
  const width = columns.reduce((sum, column) => sum + widthOf(column), CHECK_WIDTH);
  const span = columns.length + 1;
  return (
    <div ref={scroller} onScroll={onScroll} className="panel long-table min-h-0" tabIndex={0} role="region" aria-label="Trainings" data-testid="training-table">
      <table className="table" aria-rowcount={ids.length + 1} style={{ minWidth: width }}>
        <colgroup>
          <col style={{ width: CHECK_WIDTH }} />
          {columns.map((column) => (
            // The name takes what is left over.
            <col key={column.key} style={column.key === "name" ? undefined : { width: widthOf(column) }} />
          ))}
        </colgroup>
        <TableHead columns={columns} sort={sort} onSort={onSort} chosen={chosen} rowCount={ids.length} onToggleAll={onToggleAll} />
        <tbody>
          <Gap rows={from} span={span} />
          {seen.map((row, i) => (
            <TableRow
              key={row.id}
              row={row}
              index={from + i}
              columns={columns}
              curve={curves.get(row.id)}
              lookup={lookup}
              now={now}
              selected={selection.has(row.id)}
              current={row.id === current}
              onToggle={onToggle}
              onCurrent={onCurrent}
            />
          ))}
          <Gap rows={ids.length - to} span={span} />
        </tbody>
      </table>
    </div>
  );
}

function Gap({ rows, span }: { rows: number; span: number }) {
  if (rows <= 0) return null;
  return (
    <tr aria-hidden="true" className="gap">
      <td colSpan={span} style={{ height: rows * ROW_HEIGHT }} />
    </tr>
  );
}
