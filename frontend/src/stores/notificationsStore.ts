/** What happened while nobody looked, newest first; remembered by the browser and shared by its tabs. */
import { createStore } from "zustand/vanilla";
import type { Notice } from "@/lib/notices";

const KEY = "headway.notices";
const BROWSER_KEY = "headway.notifyOutside";
const KEEP = 50;

export interface NotificationsState {
  notices: Notice[];
  /** Failures of now that stand over the page until they are put away. */
  toasts: Notice[];
  /** Told since the live region last spoke. */
  unspoken: Notice[];
  /** The user wants them outside the page too. */
  outside: boolean;

  /** False if it is known already, from another tab for instance. `quiet`: it is listed, and no more. */
  add: (notice: Notice, quiet: boolean) => boolean;
  speak: () => Notice[];
  markRead: () => void;
  clear: () => void;
  closeToast: (id: string) => void;
  setOutside: (outside: boolean) => void;
  /** What another tab has stored since. */
  reload: () => void;
}

function isNotice(value: unknown): value is Notice {
  if (typeof value !== "object" || value === null) return false;
  const notice = value as Record<string, unknown>;
  return ["id", "kind", "title", "href", "at"].every((key) => typeof notice[key] === "string") && typeof notice["read"] === "boolean";
}

function stored(): Notice[] {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(value) ? value.filter(isNotice).slice(0, KEEP) : [];
  } catch {
    return [];
  }
}

function store(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // Storage can be forbidden; the list then lasts as long as the page.
  }
}

function wantsOutside(): boolean {
  try {
    return localStorage.getItem(BROWSER_KEY) === "on";
  } catch {
    return false;
  }
}

export function createNotificationsStore() {
  return createStore<NotificationsState>()((set, get) => {
    function keep(notices: Notice[]): void {
      set({ notices });
      store(KEY, JSON.stringify(notices));
    }
    return {
      notices: stored(),
      toasts: [],
      unspoken: [],
      outside: wantsOutside(),

      add: (notice, quiet) => {
        // Another tab may have written since: what it knows isn't told twice, nor lost.
        const all = stored();
        const known = all.length > 0 ? all : get().notices;
        const again = known.some((it) => it.id === notice.id);
        if (!again) keep([notice, ...known].sort((a, b) => b.at.localeCompare(a.at)).slice(0, KEEP));
        if (quiet) return !again;
        set((state) => ({
          unspoken: [...state.unspoken, notice],
          toasts: notice.kind === "failed" && !state.toasts.some((it) => it.id === notice.id) ? [...state.toasts, notice] : state.toasts,
        }));
        return !again;
      },

      speak: () => {
        const { unspoken } = get();
        set({ unspoken: [] });
        return unspoken;
      },

      markRead: () => {
        if (get().notices.some((notice) => !notice.read)) keep(get().notices.map((notice) => ({ ...notice, read: true })));
      },

      clear: () => {
        keep([]);
      },

      closeToast: (id) => {
        set((state) => ({ toasts: state.toasts.filter((notice) => notice.id !== id) }));
      },

      setOutside: (outside) => {
        set({ outside });
        store(BROWSER_KEY, outside ? "on" : "off");
      },

      reload: () => {
        set({ notices: stored(), outside: wantsOutside() });
      },
    };
  });
}

export const notificationsStore = createNotificationsStore();
