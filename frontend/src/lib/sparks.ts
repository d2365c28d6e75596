/** Recent values of a training, for the small curves of its card. */
import type { Operation } from "./types/job";
import type { MetricRow } from "./types/training";

export const SPARK_POINTS = 80;

export interface Spark {
  step: number;
  loss: (number | null)[];
  l0: (number | null)[];
}

export const EMPTY_SPARK: Spark = { step: -1, loss: [], l0: [] };

/** With what the job tells now, if that is a later step. */
export function grownSpark(spark: Spark | undefined, job: Operation): Spark | undefined {
  const live = job.training;
  const step = live?.current_step;
  if (live === null || live === undefined || step === null || step === undefined || live.loss === null) return spark;
  if (spark !== undefined && step <= spark.step) return spark;
  return {
    step,
    loss: [...(spark?.loss ?? []), live.loss].slice(-SPARK_POINTS),
    l0: [...(spark?.l0 ?? []), live.l0_sparsity].slice(-SPARK_POINTS),
  };
}

/** Of the rows over all layers; of the first layer's where there are none of all. */
export function sparkOfRows(items: readonly MetricRow[], known: Spark | undefined): Spark | null {
  const whole = items.filter((row) => row.layer_idx === null);
  const first = items[0]?.layer_idx;
  const rows = (whole.length > 0 ? whole : items.filter((row) => row.layer_idx === first)).slice(-SPARK_POINTS);
  const last = rows[rows.length - 1];
  if (last === undefined) return null;
  return { step: Math.max(last.step, known?.step ?? -1), loss: rows.map((row) => row.loss), l0: rows.map((row) => row.l0_sparsity) };
}
