/** The jobs that are under way: as cards, or in rows when they are many. What needs a look comes first. */
import { useState } from "react";
import type { JobColors } from "@/lib/jobColors";
import type { Spark } from "@/lib/sparks";
import type { Action, Control, Operation } from "@/lib/types/job";
import { OperationCard } from "./OperationCard";
import { OperationRow } from "./OperationRow";

export type Layout = "cards" | "rows";

/** More cards than this are no longer taken in at a glance. */
export const CARDS_MAX = 12;
const FIRST = { cards: 24, rows: 30 };
const STEP = 60;

interface Props {
  operations: Operation[];
  layout: Layout;
  sparks: Record<string, Spark>;
  now: number;
  stale: boolean;
  colors: JobColors;
  highlight: string | null;
  pending: Record<string, Action>;
  errors: Record<string, string>;
  onControl: (jobId: string, action: Control) => void;
  onHighlight: (jobId: string | null) => void;
}

export function UnderWay({ operations, layout, sparks, now, stale, colors, highlight, pending, errors, onControl, onHighlight }: Props) {
  const [more, setMore] = useState(0);
  const shown = operations.slice(0, FIRST[layout] + more);
  const rest = operations.length - shown.length;
  const Item = layout === "cards" ? OperationCard : OperationRow;
  const items = shown.map((operation) => (
    <Item
      key={operation.id}
      operation={operation}
      spark={sparks[operation.id]}
      now={now}
      stale={stale}
      color={colors.get(operation.id)}
      highlighted={highlight === operation.id}
      pending={pending[operation.id]}
      error={errors[operation.id]}
      onControl={onControl}
      onHighlight={onHighlight}
    />
  ));
  return (
    <section aria-label="Under way" data-testid="under-way" data-layout={layout}>
      {layout === "cards" ? (
        <div className="grid grid-cols-[repeat(auto-fill,minmax(min(100%,330px),1fr))] gap-3">{items}</div>
      ) : (
        <ul className="panel overflow-hidden [&>li:first-child]:border-t-0">{items}</ul>
      )}
      {rest > 0 && (
        <button
          type="button"
          className="button mt-2"
          onClick={() => {
            setMore(more + STEP);
          }}
        >
          Show {Math.min(rest, STEP)} of {rest} more
        </button>
      )}
    </section>
  );
}
