import * as f from "@/lib/format";
import type { Series } from "@/lib/series";

/** Which of the job's own readings are shown: they aren't kept one by one. */
export function JobUsageNote({ means, readings }: { means: Series | undefined; readings: Series | undefined }) {
  const first = readings?.x[0];
  const kept = (means?.x.length ?? 0) > 0;
  if (first === undefined && !kept) return null;
  return (
    <p className="mt-3 text-xs text-muted">
      {first === undefined
        ? "Of the job's own readings, means between the snapshots of its progress are kept."
        : `The job's own readings since ${f.timeWithSeconds(new Date(first * 1000).toISOString())}, when this page was opened; of those before, ${
            kept ? "means between the snapshots of its progress" : "mean and peak"
          } are kept.`}
    </p>
  );
}
