/** The server itself: which it is, what it runs with, its periodic tasks. */
import { createStore } from "zustand/vanilla";
import { api, messageOf } from "@/lib/api";
import { noteServerTime } from "@/lib/clock";
import { without } from "@/lib/records";
import type { MetricCounts, ScheduledTask, ServerSettings } from "@/lib/types/server";
import type { VersionInfo } from "@/lib/types/system";

export interface ServerState {
  version: VersionInfo | null;
  settings: ServerSettings | null;
  tasks: ScheduledTask[] | null;
  /** Why one of these is not known, or is old. */
  error: string | null;
  tasksError: string | null;
  /** A run asked for and not answered yet, and why the last one asked for was refused, by task. */
  asking: Record<string, true>;
  refusals: Record<string, string>;
  counts: MetricCounts | null;
  counting: boolean;
  countsError: string | null;

  fetchServer: () => Promise<void>;
  fetchTasks: () => Promise<void>;
  runTask: (name: string) => Promise<void>;
  countMetrics: () => Promise<void>;
}

export function isAnyRunning(tasks: ScheduledTask[] | null): boolean {
  return tasks?.some((task) => task.running) ?? false;
}

/** The machine's reading runs by itself, all the time. */
export function canRunNow(task: ScheduledTask): boolean {
  return task.name !== "system_monitor" && !task.running;
}

export function createServerStore() {
  return createStore<ServerState>()((set) => ({
    version: null,
    settings: null,
    tasks: null,
    error: null,
    tasksError: null,
    asking: {},
    refusals: {},
    counts: null,
    counting: false,
    countsError: null,

    fetchServer: async () => {
      try {
        const [version, settings] = await Promise.all([api.version(), api.settings()]);
        noteServerTime(version.server_time);
        set({ version, settings, error: null });
      } catch (error) {
        set({ error: messageOf(error) });
      }
    },

    fetchTasks: async () => {
      try {
        const { items } = await api.schedule();
        set({ tasks: items, tasksError: null });
      } catch (error) {
        set({ tasksError: messageOf(error) });
      }
    },

    runTask: async (name) => {
      set((state) => ({ asking: { ...state.asking, [name]: true }, refusals: without(state.refusals, name) }));
      try {
        const told = await api.runTask(name);
        set((state) => ({ tasks: state.tasks?.map((task) => (task.name === name ? told : task)) ?? null }));
      } catch (error) {
        set((state) => ({ refusals: { ...state.refusals, [name]: messageOf(error) } }));
      } finally {
        set((state) => ({ asking: without(state.asking, name) }));
      }
    },

    countMetrics: async () => {
      set({ counting: true, countsError: null });
      try {
        set({ counts: await api.metricCounts() });
      } catch (error) {
        set({ countsError: messageOf(error) });
      } finally {
        set({ counting: false });
      }
    },
  }));
}

export const serverStore = createServerStore();
