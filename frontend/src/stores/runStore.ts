/** What surrounds each run: its job, its attempts and phases, what it uses, and the machine meanwhile. */
import { createStore } from "zustand/vanilla";
import { api, ApiError, messageOf } from "@/lib/api";
import { runEvents, type RunEvent } from "@/lib/runMarks";
import type { Series } from "@/lib/series";
import type { JobResources, Operation } from "@/lib/types/job";
import type { SystemRange } from "@/lib/types/system";
import { usageOfSnapshots, withReading } from "@/lib/usageSeries";

export interface MachinePart {
  from: string;
  /** Where the job runs or ran; null: not known, and the server's own machine is shown. */
  host: string | null;
  history: SystemRange;
}

export interface RunState {
  /** By id; of a job that has ended too. */
  jobs: Record<string, Operation>;
  /** By training. */
  events: Record<string, RunEvent[]>;
  /** By job: what its snapshots of progress tell, and its readings since the page was opened, x in Unix seconds. */
  usageMeans: Record<string, Series>;
  usage: Record<string, Series>;
  /** By training. */
  machine: Record<string, MachinePart>;
  machineError: Record<string, string | null>;

  fetchJob: (jobId: string) => Promise<void>;
  fetchEvents: (trainingId: string) => Promise<void>;
  addUsage: (jobId: string, ts: string, resources: JobResources) => void;
  /** The job's machine from `from` to `to` (null: now). What is known already is kept, and only what came since is asked for. */
  fetchMachine: (trainingId: string, jobId: string | null, from: string, to: string | null) => Promise<void>;
}

const FINEST_SECONDS = 2;

/** The last item of what is known may have been written while its time still ran: it is asked for again. */
function extended(known: SystemRange, told: SystemRange): SystemRange {
  const first = told.items[0]?.ts;
  const kept = first === undefined ? known.items : known.items.filter(({ ts }) => ts < first);
  return { ...known, to: told.to, items: [...kept, ...told.items] };
}

export function createRunStore() {
  return createStore<RunState>()((set, get) => {
    function keepJob(job: Operation): void {
      set((state) => ({ jobs: { ...state.jobs, [job.id]: job } }));
    }

    /** What was read of a job while it was queued names no host yet. A job that is no longer kept can't say. */
    async function hostOf(jobId: string | null): Promise<string | null> {
      if (jobId === null) return null;
      const known = get().jobs[jobId]?.host ?? null;
      if (known !== null) return known;
      try {
        const job = await api.job(jobId);
        keepJob(job);
        return job.host;
      } catch (error) {
        if (error instanceof ApiError && error.status === 404) return null;
        throw error;
      }
    }

    return {
      jobs: {},
      events: {},
      usageMeans: {},
      usage: {},
      machine: {},
      machineError: {},

      fetchJob: async (jobId) => {
        try {
          keepJob(await api.job(jobId));
        } catch {
          // The page goes on without: the training's own fields say what matters most.
        }
      },

      fetchEvents: async (trainingId) => {
        try {
          const { items } = await api.progressHistory(trainingId);
          const jobs = new Set(items.flatMap(({ metrics }) => (metrics === null ? [] : [metrics.job_id])));
          set((state) => ({
            events: { ...state.events, [trainingId]: runEvents(items) },
            usageMeans: { ...state.usageMeans, ...Object.fromEntries([...jobs].map((jobId) => [jobId, usageOfSnapshots(items, jobId)])) },
          }));
        } catch {
          // Charts then have no marks of phases, which is no untruth.
        }
      },

      addUsage: (jobId, ts, resources) => {
        set((state) => ({ usage: { ...state.usage, [jobId]: withReading(state.usage[jobId], ts, resources) } }));
      },

      fetchMachine: async (trainingId, jobId, from, to) => {
        try {
          const host = await hostOf(jobId);
          const known = get().machine[trainingId];
          const goesOn = known !== undefined && known.from === from && known.host === host;
          const last = goesOn ? known.history.items[known.history.items.length - 1]?.ts : undefined;
          const told =
            goesOn && last !== undefined
              ? await api.systemRange(last, to, { host, resolution: Math.max(known.history.resolution_seconds, FINEST_SECONDS) })
              : await api.systemRange(from, to, { host });
          set((state) => {
            const history = goesOn && last !== undefined ? extended(known.history, told) : told;
            return {
              machine: { ...state.machine, [trainingId]: { from, host, history } },
              machineError: { ...state.machineError, [trainingId]: null },
            };
          });
        } catch (error) {
          set((state) => ({ machineError: { ...state.machineError, [trainingId]: messageOf(error) } }));
        }
      },
    };
  });
}

export const runStore = createRunStore();
