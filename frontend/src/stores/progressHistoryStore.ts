/**
 * Snapshots of progress by what they are of, and the live reports since the newest of them. REST brings the snapshots; a running
 * job's reports arrive as changes of its operation.
 */
import { createStore } from "zustand/vanilla";
import { api, messageOf } from "@/lib/api";
import type { LivePoint } from "@/lib/progressCurve";
import type { Operation } from "@/lib/types/job";
import type { ProgressSnapshot, SnapshotRule } from "@/lib/types/progress";

export interface RunHistory {
  load: "loading" | "ready" | "error";
  error: string | null;
  snapshots: ProgressSnapshot[];
  live: LivePoint[];
  /** Of the operation that was heard of last. */
  heard: string | null;
}

export interface ProgressHistoryState {
  histories: Record<string, RunHistory>;
  /** When the server keeps one; null: not heard yet. */
  rule: SnapshotRule | null;
  /** With `onlyNew`, snapshots from the newest known on are asked for. */
  fetchHistory: (entityId: string, onlyNew?: boolean) => Promise<void>;
  /** A job's newest state: a point of the curves of its entity and of itself. True if it begins or ends something, so that there is a snapshot to fetch. */
  noteOperation: (entityId: string, operation: Operation) => boolean;
}

/** As many pages as a curve that is worth looking at can have: 20 × 500 snapshots. */
const PAGES_MAX = 20;
const LIVE_MAX = 1200;
const LIVE_STEP_MS = 500;

const NOTHING: RunHistory = { load: "loading", error: null, snapshots: [], live: [], heard: null };

async function pages(entityId: string, from: string | null): Promise<{ items: ProgressSnapshot[]; rule: SnapshotRule | null }> {
  const items: ProgressSnapshot[] = [];
  let rule: SnapshotRule | null = null;
  let cursor: string | null = null;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const answer = await api.progressHistory(entityId, from, cursor);
    items.push(...answer.items);
    rule = answer.rule ?? rule;
    cursor = answer.next_cursor;
    if (cursor === null) break;
  }
  return { items, rule };
}

function joined(known: ProgressSnapshot[], told: ProgressSnapshot[]): ProgressSnapshot[] {
  const byId = new Map([...known, ...told].map((row) => [row.id, row]));
  return [...byId.values()].sort((a, b) => a.timestamp.localeCompare(b.timestamp) || a.id - b.id);
}

/** Each half second's last; when there are very many, every second of the older half. */
function withPoint(live: LivePoint[], point: LivePoint): LivePoint[] {
  const last = live[live.length - 1];
  if (last !== undefined && point.at <= last.at) return live;
  const before = live[live.length - 2];
  const replaces = last !== undefined && before !== undefined && point.at - before.at < LIVE_STEP_MS;
  const next = [...(replaces ? live.slice(0, -1) : live), point];
  if (next.length <= LIVE_MAX) return next;
  return next.filter((_, i) => i >= LIVE_MAX / 2 || i % 2 === 0);
}

export function createProgressHistoryStore() {
  return createStore<ProgressHistoryState>()((set, get) => {
    function change(id: string, how: (history: RunHistory) => Partial<RunHistory>): void {
      set(({ histories }) => {
        const history = histories[id] ?? NOTHING;
        return { histories: { ...histories, [id]: { ...history, ...how(history) } } };
      });
    }

    return {
      histories: {},
      rule: null,

      fetchHistory: async (id, onlyNew = false) => {
        const known = get().histories[id]?.snapshots ?? [];
        const newest = known[known.length - 1];
        try {
          const { items: told, rule } = await pages(id, onlyNew && newest !== undefined ? newest.timestamp : null);
          change(id, ({ snapshots }) => ({ snapshots: joined(onlyNew ? snapshots : [], told), load: "ready", error: null }));
          if (rule !== null) set({ rule });
        } catch (error) {
          change(id, ({ load }) => ({ load: load === "ready" ? "ready" : "error", error: messageOf(error) }));
        }
      },

      noteOperation: (id, { id: jobId, attempt, status, progress, phase, updated_at: updatedAt }) => {
        const heard = `${jobId} ${attempt} ${status}`;
        const before = get().histories[id]?.heard ?? null;
        const runs = status === "running" || status === "cancelling";
        change(id, ({ live }) => ({
          heard,
          live: runs && progress !== null ? withPoint(live, { at: Date.parse(updatedAt), progress, phase }) : live,
        }));
        return before !== heard;
      },
    };
  });
}

export const progressHistoryStore = createProgressHistoryStore();
