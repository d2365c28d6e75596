/** Every training: to find, to order, to act on many. What is shown, and how, is in the address. */
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { EmptyState, ErrorNote, Skeleton } from "@/components/States";
import { Link } from "@/components/Link";
import { useBulk } from "@/hooks/useBulk";
import { useNow } from "@/hooks/useNow";
import { useRowOrder } from "@/hooks/useRowOrder";
import { useRowSelection } from "@/hooks/useRowSelection";
import { useShortcuts } from "@/hooks/useShortcuts";
import { useOperations, useReferences, useTrainingRows } from "@/hooks/useStores";
import { useTableView } from "@/hooks/useTableView";
import { useTrainingTable } from "@/hooks/useTrainingTable";
import { useQuery } from "@/lib/router";
import { countStatuses } from "@/lib/trainingTable/order";
import type { TrainingRow } from "@/lib/trainingTable/row";
import { lookupOf, referencesOf, referencesStore } from "@/stores/referencesStore";
import { trainingTableStore } from "@/stores/trainingTableStore";
import { BulkBar } from "./BulkBar";
import { ColumnPicker } from "./ColumnPicker";
import { CountLine } from "./CountLine";
import { DeleteDialog } from "./DeleteDialog";
import { NewTrainingDialog } from "./NewTrainingDialog";
import { TableFilters } from "./TableFilters";
import { TrainingTable, type TableHandle } from "./TrainingTable";

const { fetchReferences } = referencesStore.getState();
const { fetchAll } = trainingTableStore.getState();
const NO_KEYS = {};

export function TrainingsPage() {
  useTrainingTable();
  const rows = useTrainingRows((state) => state.rows);
  const structure = useTrainingRows((state) => state.structure);
  const load = useTrainingRows((state) => state.load);
  const error = useTrainingRows((state) => state.error);
  const extractions = useReferences((state) => state.extractions);
  const modelNames = useReferences((state) => state.modelNames);
  const datasetNames = useReferences((state) => state.datasetNames);
  const known = useMemo(() => ({ extractions, modelNames, datasetNames }), [extractions, modelNames, datasetNames]);
  const references = useMemo(() => referencesOf(known), [known]);
  const lookup = useMemo(() => lookupOf(known), [known]);
  const now = useNow(10_000);

  const view = useTableView();
  const { ids, stale, sortAgain } = useRowOrder({ rows, structure, filter: view.filter, sort: view.sort, references, lookup });
  const { selection, toggle, toggleAll, clear } = useRowSelection(ids);
  const chosen = useMemo(() => [...selection].flatMap((id) => rows.get(id) ?? []), [selection, rows]);
  const counts = useMemo(() => {
    void structure;
    return countStatuses(rows.values());
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [structure]);
  const bulk = useBulk();

  const [doomed, setDoomed] = useState<readonly TrainingRow[]>([]);
  const [creating, setCreating] = useQuery("new");
  const [current, setCurrent] = useState<string | null>(null);
  const field = useRef<HTMLInputElement>(null);
  const table = useRef<TableHandle>(null);
  const currentRef = useRef(current);
  currentRef.current = current;
  const keys = useMemo(
    () => ({
      "/": () => field.current?.focus(),
      j: { does: "next row", run: () => table.current?.move(1) },
      k: { does: "the row before", run: () => table.current?.move(-1) },
      x: {
        does: "choose the row",
        run: () => {
          if (currentRef.current !== null) toggle(currentRef.current, false);
        },
      },
    }),
    [toggle],
  );
  useShortcuts(creating === "" && doomed.length === 0 ? keys : NO_KEYS);

  // An extraction that has ended can be trained on.
  const milestones = useOperations((state) =>
    Object.values(state.operations)
      .filter((job) => job.entity_type === "extraction" && job.finished_at !== null)
      .map((job) => job.id)
      .sort()
      .join(","),
  );
  useEffect(() => {
    void fetchReferences();
  }, [milestones]);

  const orderKey = `${JSON.stringify(view.filter)} ${view.sort.column.key} ${String(view.sort.down)}`;
  const close = useCallback(() => {
    setCreating("");
  }, [setCreating]);
  const startable = [...extractions.values()].some(({ status }) => status === "completed");
  const filtered = rows.size > 0 && ids.length === 0;
  return (
    <div className="flex h-[calc(100dvh-5rem-1px)] min-h-96 flex-col gap-2.5 max-md:h-[calc(100dvh-9rem-1px)]">
      <TableFilters fieldRef={field} filter={view.filter} onFilter={view.setFilter} counts={counts}>
        <ColumnPicker shown={view.columnKeys} onChange={view.setColumns} onReset={view.resetColumns} />
        <button
          type="button"
          className="button button-primary h-7"
          disabled={!startable}
          title={startable ? undefined : "Extract activations from a model first"}
          onClick={() => {
            setCreating("1");
          }}
        >
          New training
        </button>
      </TableFilters>
      <div className="flex min-h-8 min-w-0 shrink-0 items-center gap-x-3 max-md:flex-wrap md:h-8" data-testid="table-line">
        {chosen.length > 0 || bulk.running !== null ? (
          <BulkBar chosen={chosen} bulk={bulk} onClear={clear} onNewFrom={setCreating} onDelete={setDoomed} />
        ) : (
          <CountLine shown={ids.length} all={rows.size} load={load} stale={stale} onSortAgain={sortAgain} word={view.sort.column.word} />
        )}
        <Outcome bulk={bulk} />
      </div>
      {error !== null && <ErrorNote onRetry={() => void fetchAll()}>{error}</ErrorNote>}
      {load === "loading" && rows.size === 0 && <Skeleton className="min-h-0 flex-1 rounded-lg" />}
      {load === "ready" && rows.size === 0 && <NoTrainings />}
      {filtered && load !== "loading" && (
        <section className="panel">
          <EmptyState icon="search" title={load === "ready" ? "No training matches" : "No match so far"}>
            <button type="button" className="link" onClick={view.clearFilter}>
              Show all {rows.size.toLocaleString("en-US")}
            </button>
          </EmptyState>
        </section>
      )}
      {ids.length > 0 && (
        <TrainingTable
          ref={table}
          ids={ids}
          rows={rows}
          orderKey={orderKey}
          columns={view.columns}
          sort={view.sort}
          onSort={view.sortBy}
          selection={selection}
          onToggle={toggle}
          onToggleAll={toggleAll}
          current={current}
          onCurrent={setCurrent}
          lookup={lookup}
          now={now}
        />
      )}
      {doomed.length > 0 && (
        <DeleteDialog
          trainings={doomed.map(({ id, name }) => ({ id, name: name ?? id }))}
          onClose={() => {
            setDoomed([]);
          }}
        />
      )}
      {creating !== "" && startable && <NewTrainingDialog from={creating === "1" ? null : creating} onClose={close} />}
    </div>
  );
}

function Outcome({ bulk }: { bulk: ReturnType<typeof useBulk> }) {
  return (
    <div role="status" className={`ml-auto flex min-w-0 items-center gap-2 text-sm ${bulk.outcome === null ? "" : "max-md:w-full"}`} data-testid="bulk-outcome">
      {bulk.outcome !== null && (
        <>
          <span className="min-w-0 max-md:flex-1 md:truncate" title={bulk.outcome}>
            {bulk.outcome}
          </span>
          {bulk.dismissed.length > 0 && (
            <button type="button" className="button" onClick={bulk.undoDismiss}>
              Undo
            </button>
          )}
          <button type="button" className="button" onClick={bulk.forget}>
            OK
          </button>
        </>
      )}
    </div>
  );
}

function NoTrainings() {
  return (
    <section className="panel">
      <EmptyState icon="trainings" title="No training yet">
        <p>
          A training needs activations. Import a <Link className="link" href="/models">model</Link> and a{" "}
          <Link className="link" href="/datasets">dataset</Link>, tokenize it, extract, then start one here or with{" "}
          <code className="font-mono text-xs text-fg">POST /api/v1/trainings</code>.
        </p>
      </EmptyState>
    </section>
  );
}
