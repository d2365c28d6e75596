/**
 * The runs that are compared: what is known of each, its curves, and what the server says of all together. A run is a training or
 * any other job; one that can't be read says so itself and leaves the others alone.
 */
import { createStore } from "zustand/vanilla";
import { api, ApiError, messageOf } from "@/lib/api";
import { isActive } from "@/lib/jobWords";
import { mergeOperation } from "@/lib/operationLists";
import { NO_CURVES, withRows, type RunCurves } from "@/lib/runCurves";
import type { JsonObject, Operation } from "@/lib/types/job";
import type { Comparison } from "@/lib/types/progress";
import type { Training } from "@/lib/types/training";
import { operationsStore } from "./operationsStore";

export interface ComparedRunState {
  id: string;
  /** missing: nothing has this id. */
  load: "loading" | "ready" | "missing" | "error";
  error: string | null;
  training: Training | null;
  job: Operation | null;
  curves: RunCurves;
  curvesError: string | null;
}

/** What can be added: every training, and every job that is for none. */
export interface Candidate {
  id: string;
  name: string | null;
  kind: string;
  status: string;
  created_at: string;
}

export interface ComparisonState {
  runs: Record<string, ComparedRunState>;
  comparison: Comparison | null;
  /** The ids that it is of. */
  comparedIds: string;
  comparisonError: string | null;
  candidates: Candidate[];
  candidatesLoad: "loading" | "ready" | "error";
  candidatesError: string | null;
  /** There are older ones, which are not listed. */
  candidatesCut: boolean;

  fetchRun: (id: string) => Promise<void>;
  /** Rows since the last that is known. */
  fetchNewRows: (id: string) => Promise<void>;
  /** Of those that exist: two at least. */
  fetchComparison: (ids: readonly string[]) => Promise<void>;
  fetchCandidates: () => Promise<void>;
  /** A job's newest state; tells which runs it is of, and whether it began or ended something. */
  noteOperation: (operation: Operation) => { id: string; turn: boolean }[];
}

/** Above so many rows of a run that goes on they are read again, thinned out. */
const ROWS_MAX = 6000;

export function emptyRun(id: string): ComparedRunState {
  return { id, load: "loading", error: null, training: null, job: null, curves: NO_CURVES, curvesError: null };
}

export function isLive(run: ComparedRunState | undefined): boolean {
  const status = run?.job?.status ?? run?.training?.status;
  return status !== undefined && isActive(status);
}

export function runName(run: ComparedRunState): string | null {
  return run.training?.name ?? run.job?.name ?? null;
}

export function runStatus(run: ComparedRunState): string | null {
  return run.job?.status ?? run.training?.status ?? null;
}

/** What it was started with; null: not known. */
export function runParams(run: ComparedRunState): JsonObject | null {
  const params = run.training?.params ?? run.job?.params ?? null;
  const kind = run.job?.kind ?? (run.training === null ? null : "train_sae");
  return params === null ? null : { ...(kind === null ? {} : { kind }), ...params };
}

/** A job is found by its own id or through what it is for. */
async function readThing(id: string): Promise<{ training: Training | null; job: Operation | null }> {
  if (id.startsWith("job_")) {
    const job = await api.job(id);
    return { training: job.entity_type === "training" && job.entity_id !== null ? await api.training(job.entity_id) : null, job };
  }
  if (id.startsWith("ext_")) return { training: null, job: await api.job((await api.extraction(id)).job_id) };
  const training = await api.training(id);
  return { training, job: training.job_id === "" ? null : await api.job(training.job_id) };
}

export function createComparisonStore() {
  return createStore<ComparisonState>()((set, get) => {
    function change(id: string, fields: Partial<ComparedRunState>): void {
      set(({ runs }) => ({ runs: { ...runs, [id]: { ...(runs[id] ?? emptyRun(id)), ...fields } } }));
    }

    async function fetchCurves(id: string, trainingId: string): Promise<void> {
      try {
        const { items } = await api.trainingCurve(trainingId, null);
        change(id, { curves: withRows(NO_CURVES, items), curvesError: null });
      } catch (error) {
        change(id, { curvesError: messageOf(error) });
      }
    }

    return {
      runs: {},
      comparison: null,
      comparedIds: "",
      comparisonError: null,
      candidates: [],
      candidatesLoad: "loading",
      candidatesError: null,
      candidatesCut: false,

      fetchRun: async (id) => {
        if (get().runs[id] === undefined) change(id, {});
        try {
          const { training, job } = await readThing(id);
          // An event may have told more than the answer, which was on its way.
          const heard = job === null ? undefined : operationsStore.getState().operations[job.id];
          change(id, { load: "ready", error: null, training, job: job === null ? null : mergeOperation(heard, job) });
          if (training !== null) await fetchCurves(id, training.id);
        } catch (error) {
          const missing = error instanceof ApiError && error.status === 404;
          // What is shown stays, with why it is no longer brought up to date.
          const load = missing ? "missing" : get().runs[id]?.load === "ready" ? "ready" : "error";
          change(id, { load, error: messageOf(error) });
        }
      },

      fetchNewRows: async (id) => {
        const run = get().runs[id];
        if (run?.training === null || run?.training === undefined) return;
        const last = run.curves.step[run.curves.step.length - 1];
        if (last === undefined || run.curves.step.length > ROWS_MAX) {
          await fetchCurves(id, run.training.id);
          return;
        }
        try {
          const { items } = await api.trainingCurve(run.training.id, last);
          const now = get().runs[id];
          if (now !== undefined && items.length > 0) change(id, { curves: withRows(now.curves, items), curvesError: null });
        } catch (error) {
          change(id, { curvesError: messageOf(error) });
        }
      },

      fetchComparison: async (ids) => {
        const key = ids.join(",");
        if (ids.length < 2) {
          set({ comparison: null, comparedIds: key, comparisonError: null });
          return;
        }
        set((state) => (state.comparedIds === key ? {} : { comparedIds: key, comparisonError: null }));
        try {
          const comparison = await api.compareProgress(ids);
          // An answer about other runs comes too late.
          if (get().comparedIds === key) set({ comparison, comparisonError: null });
        } catch (error) {
          if (get().comparedIds === key) set({ comparisonError: messageOf(error) });
        }
      },

      fetchCandidates: async () => {
        try {
          const [trainings, jobs] = await Promise.all([api.trainings(500), api.jobs(500)]);
          const others = jobs.items.filter((job) => job.entity_type !== "training");
          const kinds = new Map(jobs.items.map((job) => [job.id, job.kind]));
          const candidates: Candidate[] = [
            ...trainings.items.map(({ id, name, status, created_at, job_id }) => ({ id, name, kind: kinds.get(job_id) ?? "train_sae", status, created_at })),
            ...others.map(({ id, name, kind, status, created_at }) => ({ id, name, kind, status, created_at })),
          ];
          candidates.sort((a, b) => b.created_at.localeCompare(a.created_at));
          set({ candidates, candidatesLoad: "ready", candidatesError: null, candidatesCut: trainings.next_cursor !== null || jobs.next_cursor !== null });
        } catch (error) {
          set(({ candidatesLoad }) => ({ candidatesError: messageOf(error), candidatesLoad: candidatesLoad === "ready" ? "ready" : "error" }));
        }
      },

      noteOperation: (operation) => {
        const noted: { id: string; turn: boolean }[] = [];
        for (const run of Object.values(get().runs)) {
          const own = run.job?.id === operation.id;
          // A retry of the training that is shown is another job.
          const next = !own && run.training !== null && operation.entity_id === run.training.id && operation.created_at > (run.job?.created_at ?? "") && !run.id.startsWith("job_");
          if (next) noted.push({ id: run.id, turn: true });
          if (!own || run.job === null) continue;
          const job = mergeOperation(run.job, operation);
          if (job.version === run.job.version && job.updated_at === run.job.updated_at) continue;
          change(run.id, { job });
          noted.push({ id: run.id, turn: job.status !== run.job.status || job.attempt !== run.job.attempt });
        }
        return noted;
      },
    };
  });
}

export const comparisonStore = createComparisonStore();
