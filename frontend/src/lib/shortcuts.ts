/**
 * The keys in force. Whoever is on the page registers its own, and the newest registration of a key wins; the help lists what is in force.
 *
 * A key is written as the browser names it ("?", "Enter"), two after each other with a space ("g o"), and "mod+k" is Ctrl or Cmd with k.
 * Plain keys rest while someone types and while a dialog is open; those with "mod+" don't.
 */
export interface Shortcut {
  keys: string;
  /** What the help says; empty: it isn't listed. */
  does: string;
  /** The help's heading over it. */
  scope: string;
  /** false: not taken, the key is the browser's. */
  run: () => unknown;
}

const SEQUENCE_MS = 1200;

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest("input, textarea, select, [contenteditable]") !== null;
}

export class ShortcutRegistry {
  private readonly layers: Shortcut[][] = [];
  private readonly listeners = new Set<() => void>();
  private current: Shortcut[] = [];
  private begun: { keys: string; at: number } | null = null;

  constructor(private readonly now: () => number = () => performance.now()) {}

  /** Returns the release. */
  register(layer: Shortcut[]): () => void {
    this.layers.push(layer);
    if (this.layers.length === 1) window.addEventListener("keydown", this.onKey);
    this.changed();
    return () => {
      const at = this.layers.indexOf(layer);
      if (at < 0) return;
      this.layers.splice(at, 1);
      if (this.layers.length === 0) window.removeEventListener("keydown", this.onKey);
      this.changed();
    };
  }

  /** In the order of registration; the same array until something changes. */
  readonly inForce = (): Shortcut[] => this.current;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  private changed(): void {
    const newest = new Map<string, Shortcut>();
    for (const shortcut of this.layers.flat()) newest.set(shortcut.keys, shortcut);
    this.current = [...newest.values()];
    for (const listener of [...this.listeners]) listener();
  }

  private readonly onKey = (event: KeyboardEvent): void => {
    if (event.defaultPrevented || event.isComposing || event.altKey) return;
    if (event.ctrlKey || event.metaKey) {
      if (!event.shiftKey) this.take(event, `mod+${event.key.toLowerCase()}`);
      return;
    }
    if (isTyping(event.target) || document.querySelector("dialog[open]") !== null) return;
    // A sequence's second key, or else a key of its own.
    const before = this.begun !== null && this.now() - this.begun.at < SEQUENCE_MS ? this.begun.keys : null;
    this.begun = null;
    if (before !== null && this.take(event, `${before} ${event.key}`)) return;
    if (this.take(event, event.key)) return;
    if (this.current.some(({ keys }) => keys.startsWith(`${event.key} `))) this.begun = { keys: event.key, at: this.now() };
  };

  private take(event: KeyboardEvent, keys: string): boolean {
    const shortcut = this.current.find((each) => each.keys === keys);
    if (shortcut === undefined || shortcut.run() === false) return false;
    event.preventDefault();
    return true;
  }
}

export const shortcuts = new ShortcutRegistry();
