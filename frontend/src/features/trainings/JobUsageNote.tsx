import * as f from "@/lib/format";
import type { Series } from "@/lib/series";

/** Since when the job's own readings are shown: they aren't kept one by one. */
export function JobUsageNote({ series }: { series: Series | undefined }) {
  const first = series?.x[0];
  if (first === undefined) return null;
  return (
    <p className="mt-3 text-xs text-muted">
      The job's own readings since {f.timeWithSeconds(new Date(first * 1000).toISOString())}, when this page was opened; of those before, mean and peak are kept.
    </p>
  );
}
