/** The head of the table: sorting by a click on a column, and choosing all rows that are shown. */
import { useEffect, useRef } from "react";
import type { Column, Sort } from "@/lib/trainingTable/columns";

interface Props {
  columns: readonly Column[];
  sort: Sort;
  onSort: (key: string) => void;
  /** Of the rows shown, how many are chosen. */
  chosen: "none" | "some" | "all";
  rowCount: number;
  onToggleAll: () => void;
}

export function TableHead({ columns, sort, onSort, chosen, rowCount, onToggleAll }: Props) {
  const box = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (box.current !== null) box.current.indeterminate = chosen === "some";
  }, [chosen]);
  return (
    <thead>
      <tr aria-rowindex={1}>
        <th scope="col" className="check">
          <label className="check-area">
            <input
              ref={box}
              type="checkbox"
              className="checkbox"
              aria-label={`Select all ${rowCount.toLocaleString("en-US")} shown`}
              checked={chosen === "all"}
              disabled={rowCount === 0}
              onChange={onToggleAll}
            />
          </label>
        </th>
        {columns.map((column) => {
          const active = sort.column.key === column.key;
          return (
            <th
              key={column.key}
              scope="col"
              aria-sort={active ? (sort.down ? "descending" : "ascending") : "none"}
              className={column.number ? "number" : ""}
              title={column.about}
            >
              <button
                type="button"
                className={`inline-flex h-full max-w-full items-center gap-1 hover:text-fg ${active ? "text-fg" : ""} ${column.number ? "flex-row-reverse" : ""}`}
                onClick={() => {
                  onSort(column.key);
                }}
              >
                <span className="truncate">{column.word}</span>
                <span aria-hidden="true" className="inline-block w-2 shrink-0 text-center">
                  {active ? (sort.down ? "↓" : "↑") : ""}
                </span>
              </button>
            </th>
          );
        })}
      </tr>
    </thead>
  );
}
