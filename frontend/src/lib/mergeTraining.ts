/**
 * What REST answers and what events tell of one training, put together field by field.
 *
 * Both carry the server's clock: an answer the time of the row's last change, an event the time at which that change was told, which
 * is never before it. So an answer takes back nothing that was told after its row had changed, and an event nothing that an answer
 * knew already. Fields that only one of them brings are never touched by the other.
 */
import type { Training } from "./types/training";

/** What is known of a training: events may come before REST has told the rest. */
export type KnownTraining = Partial<Training> & {
  id: string;
  /** When each field was told by an event last, Unix ms. */
  heard?: Partial<Record<keyof Training, number>>;
};

function timeOf(ts: string | null | undefined): number {
  const at = ts === null || ts === undefined ? NaN : Date.parse(ts);
  return Number.isNaN(at) ? -Infinity : at;
}

export function mergeTrainingAnswer(known: KnownTraining | undefined, told: Training): KnownTraining {
  if (known === undefined) return told;
  const at = timeOf(told.updated_at);
  const entries = Object.entries(known).filter(([, value]) => value !== undefined);
  // Of two answers the one whose row is older only fills what the other left open.
  if (at < timeOf(known.updated_at)) return { ...told, ...Object.fromEntries(entries), id: told.id };
  const heard = known.heard ?? {};
  const newer = entries.filter(([field]) => (heard[field as keyof Training] ?? -Infinity) > at);
  return { ...known, ...told, ...Object.fromEntries(newer) };
}

export function mergeTrainingEvent(known: KnownTraining | undefined, id: string, fields: Partial<Training>, ts: string): KnownTraining {
  const at = timeOf(ts);
  const told = Object.entries(fields).filter(
    ([field, value]) =>
      value !== undefined && at >= Math.max(timeOf(known?.updated_at), known?.heard?.[field as keyof Training] ?? -Infinity),
  );
  return {
    ...known,
    ...Object.fromEntries(told),
    id,
    heard: { ...known?.heard, ...Object.fromEntries(told.map(([field]) => [field, at])) },
  };
}
