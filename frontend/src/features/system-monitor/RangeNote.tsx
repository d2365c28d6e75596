import { ErrorNote, Skeleton } from "@/components/States";
import * as f from "@/lib/format";
import type { SystemRange } from "@/lib/types/system";
import type { Range } from "./ranges";

interface Props {
  range: Range;
  answer: SystemRange | null;
  error: string | null;
  onRetry: () => void;
}

/** What the charts of a longer time show: how fine, until when, and that the numbers beside them are of now. */
export function RangeNote({ range, answer, error, onRetry }: Props) {
  if (error !== null) {
    return (
      <ErrorNote onRetry={onRetry}>
        {range.long[0]?.toUpperCase()}
        {range.long.slice(1)} can't be read: {error}
        {answer !== null && ` The charts reach until ${f.timeWithSeconds(answer.to)}.`}
      </ErrorNote>
    );
  }
  if (answer === null) return <Skeleton className="h-4 w-72 max-w-full" />;
  const nothing = answer.items.length === 0;
  return (
    <p className="text-xs text-muted" role="status" data-testid="range-note">
      Charts: {range.long},{" "}
      {nothing ? "in which this server has kept nothing." : `a mean each ${f.roughly(answer.resolution_seconds)}, the area from the lowest to the highest reading.`} Numbers: now.
    </p>
  );
}
