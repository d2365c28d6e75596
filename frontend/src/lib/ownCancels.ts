/**
 * Jobs that were cancelled from this browser: their end is no news to whoever asked for it. Kept over a reload and shared
 * by tabs, since a job may take a while to stop.
 */
const KEY = "headway.ownCancels";
const KEEP = 200;

function read(): string[] {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(stored) ? stored.filter((id) => typeof id === "string") : [];
  } catch {
    return [];
  }
}

export function noteOwnCancel(jobId: string): void {
  try {
    localStorage.setItem(KEY, JSON.stringify([...read().filter((id) => id !== jobId), jobId].slice(-KEEP)));
  } catch {
    // Storage can be forbidden; the end is then told like any other.
  }
}

export function isOwnCancel(jobId: string): boolean {
  return read().includes(jobId);
}
