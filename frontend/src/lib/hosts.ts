/** Which machine is shown, and how it is. */
import { time } from "./format";
import type { HostInfo } from "./types/system";

export type Chosen =
  /** The server's own. */
  | { kind: "own" }
  | { kind: "other"; info: HostInfo }
  /** The list is not there yet: it can't be told. */
  | { kind: "waiting"; name: string }
  /** None of that name reports. */
  | { kind: "unknown"; name: string };

/** `wanted`: what the address says, "" if nothing. */
export function chosenHost(wanted: string, hosts: readonly HostInfo[] | null): Chosen {
  if (wanted === "") return { kind: "own" };
  if (hosts === null) return { kind: "waiting", name: wanted };
  const info = hosts.find(({ host }) => host === wanted);
  if (info === undefined) return { kind: "unknown", name: wanted };
  return info.server ? { kind: "own" } : { kind: "other", info };
}

export interface HostWord {
  word: string;
  dot: string;
}

/** `known` false: the list could not be read anew, and what it said may be over. */
export function hostWord({ live, seen_at }: HostInfo, known: boolean, now: number): HostWord {
  if (!known) return { word: "not known now", dot: "bg-rest" };
  if (live) return { word: "live", dot: "bg-green-mark" };
  return { word: seen_at === null ? "no data yet" : `no data since ${time(seen_at, now)}`, dot: "border-2 border-amber-mark" };
}
