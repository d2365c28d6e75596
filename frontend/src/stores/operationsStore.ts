/**
 * Every job the page knows, by id: active ones, and the failed and finished ones that are still listed.
 *
 * Two sources tell about a job, the channel `operations` and REST. Whichever is newer wins, by the job's version and then
 * its time of change; a field that only one of them brings survives the other. Each list is read by itself, so that one that
 * can't be read takes nothing else away.
 */
import { createStore } from "zustand/vanilla";
import { api, messageOf } from "@/lib/api";
import { noteServerTime } from "@/lib/clock";
import { isActive } from "@/lib/jobWords";
import { isUnplaced, localJobs } from "@/lib/machineLoad";
import { countOperations, isOpenFailure, listOperations, mergeOperation, type Lists } from "@/lib/operationLists";
import { EMPTY_SPARK, grownSpark, SPARK_POINTS, sparkOfRows, type Spark } from "@/lib/sparks";
import type { JobResources, MachineLoad, Operation, OperationCounts, OperationsPage, TrainingLive, Unserved, Worker } from "@/lib/types/job";
import { createOperationActions, type OperationActions } from "./operationActions";

export type LoadState = "loading" | "ready" | "error";
export type EndedList = "failed" | "finished";

/** How far a list of ended jobs has been read. */
export interface ListRead {
  load: LoadState;
  error: string | null;
  /** Where the next page begins; null: that was the last. */
  cursor: string | null;
  /** More than the first page has been read: reading that one again moves no cursor. */
  deep: boolean;
  busy: boolean;
}

export interface OperationsState extends Lists, OperationActions {
  counts: OperationCounts;
  /** As the server counts: of more jobs than are known here. */
  countsTold: OperationCounts | null;
  /** Every active job is known here. */
  activeWhole: boolean;
  ended: Record<EndedList, ListRead>;
  workers: Worker[];
  unserved: Unserved[];
  /** Whose the load of the server's host is, as it was told last; lib/machineLoad keeps it live. */
  systemResources: MachineLoad | null;
  sparks: Record<string, Spark>;
  load: LoadState;
  /** Why the active ones could not be read, the last time they were asked for. */
  error: string | null;

  fetchAllActiveOperations: () => Promise<void>;
  fetchEndedOperations: () => Promise<void>;
  fetchMore: (list: EndedList) => Promise<void>;
  /** Counts, workers, unserved queues and the machine's load: what no event brings. */
  fetchSummary: () => Promise<void>;
  /** True if something has happened that only `fetchSummary` can tell of. */
  isSummaryOld: () => boolean;
  fetchJob: (jobId: string) => Promise<string | null>;
  applyOperation: (operation: Operation) => void;
  applyOperations: (operations: readonly Operation[]) => void;
  updateResourceUsage: (jobId: string, resources: JobResources) => void;
  updateTrainingLive: (jobId: string, live: TrainingLive) => void;
  operationsWithResources: () => Operation[];
  seedSpark: (jobId: string, trainingId: string) => Promise<void>;
}

const PAGE = 500;
const ACTIVE_PAGES = 4;
const ENDED_PAGE = 50;
const UNREAD: ListRead = { load: "loading", error: null, cursor: null, deep: false, busy: false };

/** Nothing moves from one list to another, nor within one. */
function staysListed(a: Operation, b: Operation): boolean {
  return a.status === b.status && a.dismissed === b.dismissed && a.retried_by === b.retried_by && a.finished_at === b.finished_at;
}

function replaced(lists: Lists, job: Operation): Lists {
  const put = (list: Operation[]) => list.map((it) => (it.id === job.id ? job : it));
  const operations = { ...lists.operations, [job.id]: job };
  if (isActive(job.status)) return { ...lists, operations, activeOperations: put(lists.activeOperations) };
  if (isOpenFailure(job)) return { ...lists, operations, failedOperations: put(lists.failedOperations) };
  return { ...lists, operations, finishedOperations: put(lists.finishedOperations) };
}

/** Of a list that isn't known whole the server's count is the better one. */
function counted(state: Pick<OperationsState, "countsTold" | "activeWhole" | "ended">, lists: Lists): OperationCounts {
  const known = countOperations(lists);
  const told = state.countsTold;
  if (told === null) return known;
  const active = state.activeWhole ? known : told;
  const ended = (list: EndedList) => {
    const { load, cursor } = state.ended[list];
    return load === "ready" && cursor === null ? known[list] : Math.max(told[list], known[list]);
  };
  return { ...active, failed: ended("failed"), finished: ended("finished") };
}

export function createOperationsStore() {
  let statusesMoved = false;
  return createStore<OperationsState>()((set, get) => {
    function summary(page: OperationsPage): Partial<OperationsState> {
      noteServerTime(page.server_time);
      statusesMoved = false;
      return {
        countsTold: page.counts,
        workers: page.workers,
        unserved: page.unserved ?? [],
        systemResources: page.resources ?? null,
      };
    }

    /** Lists whose first page was asked for while they were being read. */
    const wanted = new Set<EndedList>();

    async function readEnded(list: EndedList, next: boolean): Promise<void> {
      const { cursor, busy } = get().ended[list];
      if (busy) {
        // The answer under way may be older than what this call wants to know, or say that it failed.
        if (!next) wanted.add(list);
        return;
      }
      if (next && cursor === null) return;
      await readPage(list, next);
      while (wanted.delete(list)) await readPage(list, false);
    }

    async function readPage(list: EndedList, next: boolean): Promise<void> {
      const mark = (changes: Partial<ListRead>) => {
        set((state) => ({ ended: { ...state.ended, [list]: { ...state.ended[list], ...changes } } }));
      };
      const { cursor } = get().ended[list];
      mark({ busy: true });
      try {
        const page = await api.operations(list, ENDED_PAGE, next ? cursor : null);
        set((state) => {
          const operations = { ...state.operations };
          for (const job of page.items) operations[job.id] = mergeOperation(operations[job.id], job);
          const deep = state.ended[list].deep || next;
          const at = next || !state.ended[list].deep ? page.next_cursor : state.ended[list].cursor;
          const ended = { ...state.ended, [list]: { load: "ready" as const, error: null, cursor: at, deep, busy: false } };
          const lists = listOperations(operations);
          return { ...lists, ended, counts: counted({ ...state, ended }, lists) };
        });
      } catch (error) {
        const { load } = get().ended[list];
        mark({ busy: false, error: messageOf(error), load: load === "ready" ? "ready" : "error" });
      }
    }

    return {
      ...listOperations({}),
      ...createOperationActions(set, get),
      counts: countOperations(listOperations({})),
      countsTold: null,
      activeWhole: true,
      ended: { failed: UNREAD, finished: UNREAD },
      workers: [],
      unserved: [],
      systemResources: null,
      sparks: {},
      load: "loading",
      error: null,

      fetchAllActiveOperations: async () => {
        try {
          const first = await api.operations("active", PAGE);
          const items = [...first.items];
          let cursor = first.next_cursor;
          for (let i = 1; i < ACTIVE_PAGES && cursor !== null; i += 1) {
            const page = await api.operations("active", PAGE, cursor);
            items.push(...page.items);
            cursor = page.next_cursor;
          }
          const activeWhole = cursor === null;
          set((state) => {
            const operations: Record<string, Operation> = {};
            const listed = new Set(items.map((job) => job.id));
            const asOf = Date.parse(first.server_time);
            for (const job of Object.values(state.operations)) {
              // Active here, not active there, and not newer than the answer: it ended while we did not listen.
              const gone = activeWhole && isActive(job.status) && !listed.has(job.id) && Date.parse(job.updated_at) <= asOf;
              if (!gone) operations[job.id] = job;
            }
            for (const job of items) operations[job.id] = mergeOperation(operations[job.id], job);
            const lists = listOperations(operations);
            const told = { ...summary(first), activeWhole };
            return { ...lists, ...told, counts: counted({ ...state, ...told }, lists), load: "ready", error: null };
          });
        } catch (error) {
          set((state) => ({ error: messageOf(error), load: state.load === "ready" ? "ready" : "error" }));
        }
      },

      fetchEndedOperations: async () => {
        await Promise.all([readEnded("failed", false), readEnded("finished", false)]);
      },

      fetchMore: (list) => readEnded(list, true),

      fetchSummary: async () => {
        try {
          const page = await api.operations("active", 1);
          set((state) => {
            const told = summary(page);
            return { ...told, counts: counted({ ...state, ...told }, state) };
          });
        } catch {
          // What was told before stays; the next change, or the next reading of the lists, asks again.
        }
      },

      isSummaryOld: () => {
        const { systemResources, activeOperations, activeWhole, ended, unserved, counts } = get();
        const partly = !activeWhole || ended.failed.cursor !== null || ended.finished.cursor !== null;
        if (statusesMoved && (partly || unserved.length > 0 || counts.queued > 0)) return true;
        if (systemResources === null) return false;
        const placed = localJobs(systemResources);
        return statusesMoved && activeOperations.some((job) => isUnplaced(job, placed));
      },

      fetchJob: async (jobId) => {
        try {
          get().applyOperation(await api.job(jobId));
          return null;
        } catch (error) {
          return messageOf(error);
        }
      },

      applyOperation: (told) => {
        get().applyOperations([told]);
      },

      applyOperations: (told) => {
        if (told.length === 0) return;
        set((state) => {
          let lists: Lists = state;
          let sparks = state.sparks;
          let moved = false;
          const operations = { ...state.operations };
          for (const one of told) {
            const known = operations[one.id];
            const job = mergeOperation(known, one);
            operations[job.id] = job;
            if (known === undefined || !staysListed(known, job)) moved = true;
            else if (!moved) lists = replaced(lists, job);
            const spark = grownSpark(sparks[job.id], job);
            if (spark !== undefined && spark !== sparks[job.id]) sparks = { ...sparks, [job.id]: spark };
          }
          statusesMoved = statusesMoved || moved;
          const { operations: all, activeOperations, failedOperations, finishedOperations } = moved ? listOperations(operations) : lists;
          const next = { operations: all, activeOperations, failedOperations, finishedOperations };
          return { ...next, sparks, counts: moved ? counted(state, next) : state.counts };
        });
      },

      updateResourceUsage: (jobId, resources) => {
        const job = get().operations[jobId];
        if (job !== undefined) get().applyOperation({ ...job, resources });
      },

      updateTrainingLive: (jobId, live) => {
        const job = get().operations[jobId];
        // Once it has ended, the job's last summary is all there is to say.
        if (job === undefined || !isActive(job.status)) return;
        get().applyOperation({ ...job, training: { ...job.training, ...live } });
      },

      operationsWithResources: () =>
        get().activeOperations.filter((job) => job.resources !== null && job.resources !== undefined),

      seedSpark: async (jobId, trainingId) => {
        if (get().sparks[jobId] !== undefined) return;
        set((state) => ({ sparks: { ...state.sparks, [jobId]: EMPTY_SPARK } }));
        try {
          const { items } = await api.trainingMetrics(trainingId, 0, SPARK_POINTS);
          const spark = sparkOfRows(items, get().sparks[jobId]);
          if (spark !== null) set((state) => ({ sparks: { ...state.sparks, [jobId]: spark } }));
        } catch {
          // The curve then starts with what comes live.
        }
      },
    };
  });
}

export const operationsStore = createOperationsStore();
