/** What of the table of trainings is shown, and how: all of it is in the address. The columns are remembered, too. */
import { useEffect, useMemo } from "react";
import { useQuery } from "@/lib/router";
import { columnOf, DEFAULT_COLUMNS, DEFAULT_SORT, formatColumns, NARROW_COLUMNS, nextSort, parseColumns, parseSort, type Column, type Sort } from "@/lib/trainingTable/columns";
import type { Filter } from "@/lib/trainingTable/order";
import { useNarrow } from "./useNarrow";

const REMEMBERED = "headway.trainings.columns";

export interface TableView {
  filter: Filter;
  setFilter: (changes: Partial<Filter>) => void;
  clearFilter: () => void;
  sort: Sort;
  sortBy: (key: string) => void;
  columns: Column[];
  columnKeys: string[];
  setColumns: (keys: readonly string[]) => void;
  resetColumns: () => void;
}

function remembered(): string {
  try {
    return localStorage.getItem(REMEMBERED) ?? "";
  } catch {
    return "";
  }
}

function remember(text: string): void {
  try {
    if (text === "") localStorage.removeItem(REMEMBERED);
    else localStorage.setItem(REMEMBERED, text);
  } catch {
    // A browser that keeps nothing: the address has it.
  }
}

export function useTableView(): TableView {
  const [text, setText] = useQuery("q");
  const [status, setStatus] = useQuery("state");
  const [model, setModel] = useQuery("model");
  const [data, setData] = useQuery("data");
  const [sortText, setSortText] = useQuery("sort", DEFAULT_SORT);
  const [chosen, setChosen] = useQuery("cols");
  const narrow = useNarrow();

  useEffect(() => {
    const before = remembered();
    if (chosen === "" && before !== "") setChosen(before);
    // Once, as the page opens: from then on the address says it.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, []);

  const usual = narrow ? NARROW_COLUMNS : DEFAULT_COLUMNS;
  const columnKeys = useMemo(() => (chosen === "" ? usual : parseColumns(chosen)), [chosen, usual]);
  const columns = useMemo(() => columnKeys.flatMap((key) => columnOf(key) ?? []), [columnKeys]);
  const sort = useMemo(() => parseSort(sortText), [sortText]);
  const filter = useMemo(() => ({ text, status, model, data }), [text, status, model, data]);

  const choose = (stored: string) => {
    remember(stored);
    setChosen(stored);
  };
  return {
    filter,
    setFilter: (changes) => {
      if (changes.text !== undefined) setText(changes.text);
      if (changes.status !== undefined) setStatus(changes.status);
      if (changes.model !== undefined) setModel(changes.model);
      if (changes.data !== undefined) setData(changes.data);
    },
    clearFilter: () => {
      for (const set of [setText, setStatus, setModel, setData]) set("");
    },
    sort,
    sortBy: (key) => {
      setSortText(nextSort(sort, key));
    },
    columns,
    columnKeys,
    setColumns: (keys) => {
      const next = formatColumns(keys);
      choose(next === usual.join(",") ? "" : next);
    },
    resetColumns: () => {
      choose("");
    },
  };
}
