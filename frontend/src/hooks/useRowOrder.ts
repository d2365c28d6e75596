/** The rows that are shown, in an order that holds while values change. */
import { useMemo, useState } from "react";
import type { Lookup, Sort, SortKey } from "@/lib/trainingTable/columns";
import { isOutOfOrder, matcher, orderRows, type Filter, type References } from "@/lib/trainingTable/order";
import type { TrainingRow } from "@/lib/trainingTable/row";

interface Input {
  rows: ReadonlyMap<string, TrainingRow>;
  structure: number;
  filter: Filter;
  sort: Sort;
  references: References;
  lookup: Lookup;
}

export interface RowOrder {
  ids: string[];
  /** Values have moved on: sorted anew, it would be another order. */
  stale: boolean;
  sortAgain: () => void;
}

export function useRowOrder({ rows, structure, filter, sort, references, lookup }: Input): RowOrder {
  const [round, setRound] = useState(0);
  // Keys are taken anew with another sort, when names of models and datasets come, and when somebody asks for it.
  const frozen = useMemo(() => {
    void [sort, lookup, round];
    return new Map<string, SortKey>();
  }, [sort, lookup, round]);
  // Values alone change neither which rows are shown nor their order: only `structure` does.
  const ids = useMemo(() => {
    void structure;
    return orderRows(rows.values(), matcher(filter, references, lookup), sort, lookup, frozen);
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [structure, filter, sort, references, lookup, frozen]);
  const stale = useMemo(() => isOutOfOrder(ids, rows, sort, lookup), [ids, rows, sort, lookup]);
  return {
    ids,
    stale,
    sortAgain: () => {
      setRound((n) => n + 1);
    },
  };
}
