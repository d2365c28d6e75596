/** Every training, newest first. */
import { useEffect, useMemo, useRef, useState } from "react";
import { FilterField } from "@/components/FilterField";
import { Link } from "@/components/Link";
import { ProgressBar } from "@/components/ProgressBar";
import { EmptyState, ErrorNote, Skeleton } from "@/components/States";
import { StatusBadge } from "@/components/StatusBadge";
import { useFallbackPolling } from "@/hooks/useFallbackPolling";
import { useNow } from "@/hooks/useNow";
import { useShortcuts } from "@/hooks/useShortcuts";
import { useOperations, useTrainings } from "@/hooks/useStores";
import * as f from "@/lib/format";
import { statusTone } from "@/lib/jobWords";
import { useQuery } from "@/lib/router";
import type { Operation } from "@/lib/types/job";
import { api } from "@/lib/api";
import type { Extraction } from "@/lib/types/model";
import { trainingsStore, type KnownTraining } from "@/stores/trainingsStore";
import { NewTrainingDialog } from "./NewTrainingDialog";

const { fetchTrainings } = trainingsStore.getState();

const COLUMNS: { key: string; word: string; value: (row: Row) => number | string | null; number: boolean; narrow: boolean }[] = [
  { key: "name", word: "Name", value: (row) => row.name ?? row.id, number: false, narrow: true },
  { key: "status", word: "State", value: (row) => row.status ?? "", number: false, narrow: true },
  { key: "progress", word: "Progress", value: (row) => row.progress ?? null, number: false, narrow: true },
  { key: "loss", word: "Loss", value: (row) => row.final_loss ?? row.loss ?? null, number: true, narrow: false },
  { key: "l0", word: "L0", value: (row) => row.l0_sparsity ?? null, number: true, narrow: false },
  { key: "ev", word: "Explained var.", value: (row) => row.explained_variance ?? null, number: true, narrow: false },
  { key: "features", word: "Features", value: (row) => row.n_features ?? null, number: true, narrow: false },
  { key: "created", word: "Created", value: (row) => row.created_at ?? "", number: true, narrow: false },
];

type Row = KnownTraining;

/** The channel `operations` tells the state of each training's job: newer than the list when they differ. */
function withLive(training: Row, job: Operation | undefined): Row {
  if (job === undefined || training.updated_at === undefined || job.updated_at < training.updated_at) return training;
  return {
    ...training,
    status: job.status,
    progress: job.progress,
    loss: job.training?.loss ?? training.loss ?? null,
    l0_sparsity: job.training?.l0_sparsity ?? training.l0_sparsity ?? null,
    explained_variance: job.training?.explained_variance ?? training.explained_variance ?? null,
  };
}

export function TrainingsPage() {
  const trainings = useTrainings((state) => state.trainings);
  const load = useTrainings((state) => state.load);
  const error = useTrainings((state) => state.error);
  const operations = useOperations((state) => state.operations);
  const [text, setText] = useQuery("q");
  const [sort, setSort] = useQuery("sort", "-created");
  const [extractions, setExtractions] = useState<Extraction[]>([]);
  const [creating, setCreating] = useState(false);
  const now = useNow(10_000);
  const filter = useRef<HTMLInputElement>(null);
  const keys = useMemo(() => ({ "/": () => filter.current?.focus() }), []);
  useShortcuts(keys);
  useFallbackPolling(fetchTrainings);

  // A training or an extraction appears or ends: the lists are read again, not at each step.
  const milestones = Object.values(operations)
    .filter((job) => job.entity_type === "training" || job.entity_type === "extraction")
    .map((job) => `${job.id}:${job.finished_at === null ? "" : job.status}`)
    .sort()
    .join(",");
  useEffect(() => {
    void fetchTrainings();
    api.extractions().then(
      ({ items }) => {
        setExtractions(items.filter((extraction) => extraction.status === "completed"));
      },
      () => {
        // The list of trainings tells that the server can't be read.
      },
    );
  }, [milestones]);

  const rows = useMemo(() => {
    const byTraining = new Map<string, Operation>();
    for (const job of Object.values(operations)) {
      if (job.entity_type === "training" && job.entity_id !== null) byTraining.set(job.entity_id, job);
    }
    const wanted = text.toLowerCase();
    const all = Object.values(trainings)
      .filter((row) => row.created_at !== undefined)
      .map((row) => withLive(row, byTraining.get(row.id)))
      .filter((row) => `${row.name ?? ""} ${row.id} ${row.status ?? ""} ${row.architecture ?? ""}`.toLowerCase().includes(wanted));
    const down = sort.startsWith("-");
    const column = COLUMNS.find((candidate) => candidate.key === sort.replace(/^-/, "")) ?? COLUMNS[COLUMNS.length - 1];
    return all.sort((a, b) => {
      const [x, y] = [column?.value(a) ?? null, column?.value(b) ?? null];
      // What is not known stays last, whichever way the rest is sorted.
      if (x === null || y === null) return (x === null ? 1 : 0) - (y === null ? 1 : 0);
      const order = typeof x === "number" && typeof y === "number" ? x - y : String(x).localeCompare(String(y));
      return down ? -order : order;
    });
  }, [trainings, operations, text, sort]);

  return (
    <div className="flex flex-col gap-4">
      <div className="flex flex-wrap items-center justify-between gap-2">
        <p className="text-sm text-muted">{load === "ready" ? `${rows.length} ${rows.length === 1 ? "training" : "trainings"}` : " "}</p>
        <div className="flex w-full items-center gap-2 sm:w-auto">
          <FilterField ref={filter} value={text} onChange={setText} label="Filter trainings" />
          <button
            type="button"
            className="button button-primary h-7"
            disabled={extractions.length === 0}
            title={extractions.length === 0 ? "Extract activations from a model first" : undefined}
            onClick={() => {
              setCreating(true);
            }}
          >
            New training
          </button>
        </div>
      </div>
      {error !== null && <ErrorNote onRetry={() => void fetchTrainings()}>{error}</ErrorNote>}
      {load === "loading" && <Skeleton className="h-48 rounded-lg" />}
      {load === "ready" && Object.values(trainings).length === 0 && (
        <section className="panel">
          <EmptyState icon="trainings" title="No training yet">
            <p>
              A training needs activations. Import a <Link className="link" href="/models">model</Link> and a{" "}
              <Link className="link" href="/datasets">dataset</Link>, tokenize it, extract, then start one here or with{" "}
              <code className="font-mono text-xs text-fg">POST /api/v1/trainings</code>.
            </p>
          </EmptyState>
        </section>
      )}
      {rows.length > 0 && (
        <div className="panel overflow-x-auto" tabIndex={0}>
          <table className="table">
            <thead>
              <tr>
                {COLUMNS.map((column) => {
                  const active = sort.replace(/^-/, "") === column.key;
                  const down = sort.startsWith("-");
                  return (
                    <th
                      key={column.key}
                      scope="col"
                      aria-sort={active ? (down ? "descending" : "ascending") : "none"}
                      className={`${column.number ? "number" : ""} ${column.narrow ? "" : "max-md:hidden"}`}
                    >
                      <button
                        type="button"
                        className={`hover:text-fg ${active ? "text-fg" : ""}`}
                        onClick={() => {
                          setSort(active && down ? column.key : `-${column.key}`);
                        }}
                      >
                        {column.number && <SortMark active={active} down={down} />}
                        {column.word}
                        {!column.number && <SortMark active={active} down={down} />}
                      </button>
                    </th>
                  );
                })}
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => (
                <tr key={row.id} data-testid="training-row" data-training-id={row.id}>
                  <td className="max-w-56 truncate font-medium">
                    <Link href={`/trainings/${row.id}`} className="hover:text-accent">
                      {row.name ?? row.id}
                    </Link>
                    <span className="ml-2 text-xs font-normal text-faint max-md:hidden">
                      {row.architecture ?? ""} {layersWord(row.layers)}
                    </span>
                  </td>
                  <td>
                    <StatusBadge status={row.status ?? "queued"} />
                  </td>
                  <td>
                    <div className="flex items-center gap-2.5">
                      <ProgressBar
                        className="w-16 md:w-28"
                        value={row.progress ?? null}
                        tone={statusTone(row.status ?? "")}
                        label={`Progress of ${row.name ?? row.id}`}
                      />
                      <span className="w-[7ch] text-right text-xs text-muted">{f.progressPercent(row.progress)}</span>
                    </div>
                  </td>
                  <td className="number max-md:hidden">{f.metric(row.final_loss ?? row.loss)}</td>
                  <td className="number max-md:hidden">{f.metric(row.l0_sparsity, 3)}</td>
                  <td className="number max-md:hidden">{f.metric(row.explained_variance, 3)}</td>
                  <td className="number text-muted max-md:hidden">{f.count(row.n_features)}</td>
                  <td className="number text-muted max-md:hidden" title={f.fullTime(row.created_at)}>
                    {f.time(row.created_at, now)}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {creating && (
        <NewTrainingDialog
          extractions={extractions}
          onClose={() => {
            setCreating(false);
          }}
        />
      )}
    </div>
  );
}

function SortMark({ active, down }: { active: boolean; down: boolean }) {
  return (
    <span aria-hidden="true" className="mx-1 inline-block w-2">
      {active ? (down ? "↓" : "↑") : ""}
    </span>
  );
}

function layersWord(layers: number[] | undefined): string {
  if (layers === undefined || layers.length === 0) return "";
  return layers.length === 1 ? `· L${layers[0] ?? ""}` : `· L${layers[0] ?? ""}–${layers[layers.length - 1] ?? ""}`;
}
