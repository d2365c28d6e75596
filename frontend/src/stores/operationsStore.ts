/**
 * Every job the page knows, by id: active ones, and the failed and finished ones that are still listed.
 *
 * Two sources tell about a job, the channel `operations` and REST. Whichever is newer wins, by the job's version and then
 * its time of change; a field that only one of them brings survives the other.
 */
import { createStore } from "zustand/vanilla";
import { api, messageOf } from "@/lib/api";
import { noteServerTime } from "@/lib/clock";
import { isActive } from "@/lib/jobWords";
import type { Action, Control, JobResources, JsonObject, Operation, TrainingLive, Worker } from "@/lib/types/job";

export type LoadState = "loading" | "ready" | "error";

/** Recent values of a training, for the card's small curves. */
export interface Spark {
  step: number;
  loss: (number | null)[];
  l0: (number | null)[];
}

export interface JobShare {
  id: string;
  name: string;
  kind: string;
  amount: number;
  estimated: boolean;
}

/** What jobs are known to use of the machine; the rest of a reading is unattributed. */
export interface SystemResources {
  cpu: JobShare[];
  memory: JobShare[];
  gpus: Record<number, JobShare[]>;
}

export interface StatusCounts {
  running: number;
  starting: number;
  queued: number;
  paused: number;
  stalled: number;
  cancelling: number;
  failed: number;
  finished: number;
}

export interface OperationsState {
  operations: Record<string, Operation>;
  /** Sorted for display: what runs first, then what waits; newest first within. */
  activeOperations: Operation[];
  failedOperations: Operation[];
  finishedOperations: Operation[];
  counts: StatusCounts;
  workers: Worker[];
  sparks: Record<string, Spark>;
  load: LoadState;
  error: string | null;
  /** An action asked for and not answered yet, by job. */
  pending: Record<string, Action>;
  actionErrors: Record<string, string>;
  /** The job dismissed last, while that can be undone. */
  lastDismissed: Operation | null;

  fetchAllActiveOperations: () => Promise<void>;
  fetchEndedOperations: () => Promise<void>;
  applyOperation: (operation: Operation) => void;
  updateResourceUsage: (jobId: string, resources: JobResources) => void;
  updateTrainingLive: (jobId: string, live: TrainingLive) => void;
  operationsWithResources: () => Operation[];
  systemResources: () => SystemResources;
  seedSpark: (jobId: string, trainingId: string) => Promise<void>;
  control: (jobId: string, action: Control) => Promise<void>;
  retry: (jobId: string, params: JsonObject | null) => Promise<boolean>;
  dismiss: (jobId: string) => Promise<void>;
  undoDismiss: () => Promise<void>;
  forgetDismissed: () => void;
}

const SPARK_POINTS = 80;
const ACTIVE_RANK: Record<string, number> = { stalled: 0, running: 1, cancelling: 1, starting: 1, paused: 2, queued: 3 };

function isOlder(a: Operation, b: Operation): boolean {
  if (a.version !== b.version) return a.version < b.version;
  return Date.parse(a.updated_at) < Date.parse(b.updated_at);
}

export function mergeOperation(known: Operation | undefined, told: Operation): Operation {
  if (known === undefined) return told;
  const [older, newer] = isOlder(told, known) ? [told, known] : [known, told];
  return {
    ...older,
    ...newer,
    params: newer.params ?? older.params,
    result: newer.result ?? older.result,
    resources: newer.resources ?? older.resources,
    training: newer.training ?? older.training,
  };
}

function lists(operations: Record<string, Operation>) {
  const all = Object.values(operations);
  const active = all.filter((job) => isActive(job.status));
  active.sort((a, b) => (ACTIVE_RANK[a.status] ?? 9) - (ACTIVE_RANK[b.status] ?? 9) || b.created_at.localeCompare(a.created_at));
  const ended = (a: Operation, b: Operation) => (b.finished_at ?? b.updated_at).localeCompare(a.finished_at ?? a.updated_at);
  // A failure that was retried is told by the new job; its ghost does not stay in the list.
  const failed = all.filter((job) => job.status === "failed" && !job.dismissed && job.retried_by === null).sort(ended);
  const finished = all
    .filter((job) => (job.status === "completed" || job.status === "cancelled") && !job.dismissed)
    .sort(ended);
  const of = (status: string) => active.filter((job) => job.status === status).length;
  const counts: StatusCounts = {
    running: of("running"),
    starting: of("starting"),
    queued: of("queued"),
    paused: of("paused"),
    stalled: of("stalled"),
    cancelling: of("cancelling"),
    failed: failed.length,
    finished: finished.length,
  };
  return { operations, activeOperations: active, failedOperations: failed, finishedOperations: finished, counts };
}

function grownSpark(spark: Spark | undefined, operation: Operation): Spark | undefined {
  const live = operation.training;
  const step = live?.current_step;
  if (live === null || live === undefined || step === null || step === undefined || live.loss === null) return spark;
  if (spark !== undefined && step <= spark.step) return spark;
  return {
    step,
    loss: [...(spark?.loss ?? []), live.loss].slice(-SPARK_POINTS),
    l0: [...(spark?.l0 ?? []), live.l0_sparsity].slice(-SPARK_POINTS),
  };
}

function without<T>(record: Record<string, T>, key: string): Record<string, T> {
  return Object.fromEntries(Object.entries(record).filter(([k]) => k !== key));
}

export function createOperationsStore() {
  return createStore<OperationsState>()((set, get) => {
    async function act(jobId: string, action: Action, call: () => Promise<Operation>): Promise<Operation | null> {
      if (get().pending[jobId] !== undefined) return null;
      set((state) => ({
        pending: { ...state.pending, [jobId]: action },
        actionErrors: without(state.actionErrors, jobId),
      }));
      try {
        const operation = await call();
        get().applyOperation(operation);
        return operation;
      } catch (error) {
        set((state) => ({ actionErrors: { ...state.actionErrors, [jobId]: messageOf(error) } }));
        return null;
      } finally {
        set((state) => ({ pending: without(state.pending, jobId) }));
      }
    }

    return {
      ...lists({}),
      workers: [],
      sparks: {},
      load: "loading",
      error: null,
      pending: {},
      actionErrors: {},
      lastDismissed: null,

      fetchAllActiveOperations: async () => {
        try {
          const page = await api.operations("active", 500);
          noteServerTime(page.server_time);
          set((state) => {
            const operations: Record<string, Operation> = {};
            const listed = new Set(page.items.map((job) => job.id));
            const asOf = Date.parse(page.server_time);
            for (const job of Object.values(state.operations)) {
              // Active here, not active there, and not newer than the answer: it ended while we did not listen.
              const gone = isActive(job.status) && !listed.has(job.id) && Date.parse(job.updated_at) <= asOf;
              if (!gone) operations[job.id] = job;
            }
            for (const job of page.items) operations[job.id] = mergeOperation(operations[job.id], job);
            return { ...lists(operations), workers: page.workers, load: "ready", error: null };
          });
        } catch (error) {
          set((state) => ({ error: messageOf(error), load: state.load === "ready" ? "ready" : "error" }));
        }
      },

      fetchEndedOperations: async () => {
        try {
          const [failed, finished] = await Promise.all([api.operations("failed"), api.operations("finished", 50)]);
          set((state) => {
            const operations = { ...state.operations };
            for (const job of [...failed.items, ...finished.items]) {
              operations[job.id] = mergeOperation(operations[job.id], job);
            }
            return lists(operations);
          });
        } catch (error) {
          set({ error: messageOf(error) });
        }
      },

      applyOperation: (told) => {
        set((state) => {
          const job = mergeOperation(state.operations[told.id], told);
          const spark = grownSpark(state.sparks[job.id], job);
          return {
            ...lists({ ...state.operations, [job.id]: job }),
            ...(spark === undefined ? {} : { sparks: { ...state.sparks, [job.id]: spark } }),
          };
        });
      },

      updateResourceUsage: (jobId, resources) => {
        set((state) => {
          const job = state.operations[jobId];
          return job === undefined ? {} : lists({ ...state.operations, [jobId]: { ...job, resources } });
        });
      },

      updateTrainingLive: (jobId, live) => {
        const job = get().operations[jobId];
        // Once it has ended, the job's last summary is all there is to say.
        if (job === undefined || !isActive(job.status)) return;
        get().applyOperation({ ...job, training: { ...job.training, ...live } });
      },

      operationsWithResources: () =>
        get().activeOperations.filter((job) => job.resources !== null && job.resources !== undefined),

      systemResources: () => {
        const shares: SystemResources = { cpu: [], memory: [], gpus: {} };
        for (const job of get().operationsWithResources()) {
          const { resources } = job;
          if (resources === null || resources === undefined || resources.source === "unknown") continue;
          const share = (amount: number): JobShare => ({
            id: job.id,
            name: job.name ?? job.id,
            kind: job.kind,
            amount,
            estimated: resources.source === "estimated",
          });
          if (resources.cpu_percent !== null) shares.cpu.push(share(resources.cpu_percent));
          if (resources.rss_bytes !== null) shares.memory.push(share(resources.rss_bytes));
          for (const gpu of resources.gpus ?? []) {
            if (gpu.memory_bytes !== null) (shares.gpus[gpu.gpu_id] ??= []).push(share(gpu.memory_bytes));
          }
        }
        return shares;
      },

      seedSpark: async (jobId, trainingId) => {
        if (get().sparks[jobId] !== undefined) return;
        set((state) => ({ sparks: { ...state.sparks, [jobId]: { step: -1, loss: [], l0: [] } } }));
        try {
          const { items } = await api.trainingMetrics(trainingId, 0, SPARK_POINTS);
          const whole = items.filter((row) => row.layer_idx === null);
          const first = items[0]?.layer_idx;
          const rows = (whole.length > 0 ? whole : items.filter((row) => row.layer_idx === first)).slice(-SPARK_POINTS);
          const last = rows[rows.length - 1];
          if (last === undefined) return;
          set((state) => ({
            sparks: {
              ...state.sparks,
              [jobId]: {
                step: Math.max(last.step, state.sparks[jobId]?.step ?? -1),
                loss: rows.map((row) => row.loss),
                l0: rows.map((row) => row.l0_sparsity),
              },
            },
          }));
        } catch {
          // The curve then starts with what comes live.
        }
      },

      control: async (jobId, action) => {
        await act(jobId, action, () => api.controlJob(jobId, action));
      },

      retry: async (jobId, params) => {
        const created = await act(jobId, "retry", () => api.retryJob(jobId, params));
        if (created === null) return false;
        set((state) => {
          const old = state.operations[jobId];
          return old === undefined
            ? {}
            : lists({ ...state.operations, [jobId]: { ...old, retried_by: created.id } });
        });
        return true;
      },

      dismiss: async (jobId) => {
        const before = get().operations[jobId] ?? null;
        const after = await act(jobId, "dismiss", () => api.dismissJob(jobId));
        if (after === null) return;
        // Said by the answer; set here too, in case its version did not move.
        set((state) => ({
          ...lists({ ...state.operations, [jobId]: { ...(state.operations[jobId] ?? after), dismissed: true } }),
          lastDismissed: before,
        }));
      },

      undoDismiss: async () => {
        const job = get().lastDismissed;
        if (job === null) return;
        set({ lastDismissed: null });
        const after = await act(job.id, "dismiss", () => api.dismissJob(job.id, true));
        if (after === null) return;
        set((state) =>
          lists({ ...state.operations, [job.id]: { ...(state.operations[job.id] ?? after), dismissed: false } }),
        );
      },

      forgetDismissed: () => {
        set({ lastDismissed: null });
      },
    };
  });
}

export const operationsStore = createOperationsStore();
