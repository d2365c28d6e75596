/**
 * Every training, as rows of a table. The pages of the list come one after another, the newest first; what jobs and trainings report
 * keeps the rows right from then on. A row that an answer tells never takes back what an event has told since.
 */
import { createStore } from "zustand/vanilla";
import { api, messageOf, type Page } from "@/lib/api";
import { isActive } from "@/lib/jobWords";
import { newerRow, rowOf, withOperation, withProgress, type TrainingRow } from "@/lib/trainingTable/row";
import type { TrainingProgress } from "@/lib/types/events";
import type { Operation } from "@/lib/types/job";
import type { Training } from "@/lib/types/training";

export interface SmallSeries {
  steps: number[];
  values: (number | null)[];
}

export interface TrainingTableState {
  rows: ReadonlyMap<string, TrainingRow>;
  /** Changes when a row comes, goes or changes its state: what is shown, and where, may then be different. */
  structure: number;
  load: "loading" | "more" | "ready" | "error";
  error: string | null;
  /** Small curves of the loss; a training that is not here has not been asked for. */
  curves: ReadonlyMap<string, SmallSeries>;

  /** Reads every page. Rows of trainings that are gone go when the last page has come. */
  fetchAll: () => Promise<void>;
  /** Reads the first page alone: new trainings, and the state of recent ones. */
  fetchNewest: () => Promise<void>;
  fetchRows: (ids: readonly string[]) => Promise<void>;
  fetchCurves: (ids: readonly string[]) => Promise<void>;
  applyOperations: (jobs: readonly Operation[]) => void;
  /** The training was deleted: an answer that was on its way brings it back no more. */
  forget: (trainingId: string) => void;
  applyProgress: (payload: TrainingProgress) => void;
}

const PAGE = 500;
const SHOW_EVERY_MS = 300;
export const CURVE_POINTS = 48;
const CURVES_AT_ONCE = 100;
const ROWS_AT_ONCE = 4;

type Rows = Map<string, TrainingRow>;
type TrainingPage = Page<Training>;

/** Takes rows in; says whether any came or changed its state. */
function take(rows: Rows, told: readonly Training[]): boolean {
  let structural = false;
  for (const training of told) {
    const known = rows.get(training.id);
    const row = newerRow(known, rowOf(training));
    structural ||= known === undefined || known.status !== row.status;
    rows.set(row.id, row);
  }
  return structural;
}

/** An attempt that goes on from a lower step writes those steps again: what was after it is no longer so. */
function grown(curve: SmallSeries, step: number, value: number | null): SmallSeries {
  const before = curve.steps.findIndex((known) => known >= step);
  const known = before < 0 ? curve : { steps: curve.steps.slice(0, before), values: curve.values.slice(0, before) };
  const full = known.steps.length >= 2 * CURVE_POINTS;
  // Of each pair the later point stays: the picture keeps its course.
  const keep = <T>(list: T[]): T[] => (full ? list.filter((_, i) => i % 2 === 1) : list);
  return { steps: [...keep(known.steps), step], values: [...keep(known.values), value] };
}

export function createTrainingTableStore() {
  return createStore<TrainingTableState>()((set, get) => {
    let reading: Promise<void> | null = null;
    let again = false;
    let newest: Promise<void> | null = null;
    const asked = new Set<string>();

    const deleted = new Set<string>();

    function put(change: (rows: Rows) => boolean, more: Partial<TrainingTableState> = {}): void {
      set((state) => {
        const rows = new Map(state.rows);
        const changed = change(rows);
        for (const id of deleted) rows.delete(id);
        return changed ? { ...more, rows, structure: state.structure + 1 } : { ...more, rows };
      });
    }

    async function readAll(): Promise<void> {
      const before = [...get().rows.keys()];
      const listed = new Set<string>();
      let waiting: Training[] = [];
      let shownAt = -Infinity;
      let next: Promise<TrainingPage> | null = api.trainings(PAGE);
      while (next !== null) {
        const { items, next_cursor: cursor }: TrainingPage = await next;
        // The next page is on its way while this one is taken in, and rows are shown a few pages at a time.
        next = cursor === null ? null : api.trainings(PAGE, cursor);
        for (const { id } of items) listed.add(id);
        waiting.push(...items);
        if (next !== null && performance.now() - shownAt < SHOW_EVERY_MS) continue;
        shownAt = performance.now();
        const told = waiting;
        waiting = [];
        const load = next === null || get().load === "ready" ? "ready" : "more";
        put((rows) => take(rows, told), { load, error: null });
      }
      const gone = before.filter((id) => !listed.has(id));
      if (gone.length > 0) put((rows) => gone.filter((id) => rows.delete(id)).length > 0);
    }

    function failed(error: unknown): void {
      set((state) => ({ error: messageOf(error), load: state.load === "loading" ? "error" : state.load }));
    }

    return {
      rows: new Map(),
      structure: 0,
      load: "loading",
      error: null,
      curves: new Map(),

      fetchAll: () => {
        if (reading !== null) {
          again = true;
          return reading;
        }
        if (get().load === "error") set({ load: "loading" });
        reading = readAll()
          .catch(failed)
          .finally(() => {
            reading = null;
            if (!again) return;
            again = false;
            void get().fetchAll();
          });
        return reading;
      },

      fetchNewest: () => {
        newest ??= api
          .trainings(PAGE)
          .then(({ items }) => {
            put((rows) => take(rows, items));
            set({ error: null });
          }, failed)
          .finally(() => {
            newest = null;
          });
        return newest;
      },

      fetchRows: async (ids) => {
        const left = [...ids];
        const work = async () => {
          for (let id = left.shift(); id !== undefined; id = left.shift()) {
            try {
              const training = await api.training(id);
              put((rows) => take(rows, [training]));
            } catch {
              // The row keeps what is known of it; the list's own reading tells of a server that can't be reached.
            }
          }
        };
        await Promise.all(Array.from({ length: Math.min(ROWS_AT_ONCE, left.length) }, work));
      },

      fetchCurves: async (ids) => {
        const wanted = ids.filter((id) => !get().curves.has(id) && !asked.has(id)).slice(0, CURVES_AT_ONCE);
        if (wanted.length === 0) return;
        for (const id of wanted) asked.add(id);
        try {
          const { items } = await api.trainingCurves(wanted, CURVE_POINTS);
          set((state) => {
            const curves = new Map(state.curves);
            for (const id of wanted) curves.set(id, { steps: [], values: [] });
            for (const { training_id, steps, values } of items) curves.set(training_id, { steps, values });
            return { curves };
          });
        } catch {
          // Asked for again when the row is next in sight.
        } finally {
          for (const id of wanted) asked.delete(id);
        }
      },

      applyOperations: (jobs) => {
        const ended: string[] = [];
        let unknown = false;
        const changed = new Map<string, TrainingRow>();
        let structural = false;
        for (const job of jobs) {
          if (job.entity_type !== "training" || job.entity_id === null) continue;
          if (deleted.has(job.entity_id)) continue;
          const known = changed.get(job.entity_id) ?? get().rows.get(job.entity_id);
          if (known === undefined) {
            unknown = true;
            continue;
          }
          const row = withOperation(known, job);
          if (row === known) continue;
          changed.set(row.id, row);
          structural ||= row.status !== known.status;
          // An end and a new attempt change what no summary tells: the final loss, the time it took, the curve.
          const over = isActive(known.status) && !isActive(row.status);
          if (over || row.job_id !== known.job_id) ended.push(row.id);
        }
        if (changed.size > 0) {
          put((rows) => {
            for (const [id, row] of changed) rows.set(id, row);
            return structural;
          });
        }
        if (ended.length > 0) {
          set((state) => ({ curves: new Map([...state.curves].filter(([id]) => !ended.includes(id))) }));
          void get().fetchRows(ended);
        }
        // While pages are still to come, it is most likely on one of them.
        if (unknown && get().load === "ready") void get().fetchNewest();
      },

      forget: (trainingId) => {
        deleted.add(trainingId);
        put((rows) => rows.delete(trainingId));
      },

      applyProgress: (payload) => {
        const known = get().rows.get(payload.training_id);
        if (known === undefined) return;
        const row = withProgress(known, payload);
        if (row === known) return;
        put((rows) => {
          rows.set(row.id, row);
          return false;
        });
        const curve = get().curves.get(row.id);
        if (curve === undefined || payload.current_step === null || payload.loss === null) return;
        const next = grown(curve, payload.current_step, payload.loss);
        set((state) => ({ curves: new Map(state.curves).set(row.id, next) }));
      },
    };
  });
}

export const trainingTableStore = createTrainingTableStore();
