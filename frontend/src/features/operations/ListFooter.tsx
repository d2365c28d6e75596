/** The end of a list that is read page by page: how to read on, and why that failed. */
import { ErrorNote } from "@/components/States";
import * as f from "@/lib/format";
import type { ListRead } from "@/stores/operationsStore";

interface Props {
  read: ListRead;
  shown: number;
  /** As the server counts; fewer are shown as long as not all have been read. */
  total: number;
  onMore: () => void;
  onAgain: () => void;
}

export function ListFooter({ read, shown, total, onMore, onAgain }: Props) {
  if (read.error !== null) {
    return (
      <div className="border-t border-line p-3">
        <ErrorNote onRetry={read.cursor === null ? onAgain : onMore}>{read.error}</ErrorNote>
      </div>
    );
  }
  if (read.cursor === null) return null;
  return (
    <div className="flex items-center gap-3 border-t border-line px-4 py-2 text-xs text-muted">
      <button type="button" className="button" disabled={read.busy} onClick={onMore}>
        {read.busy ? "Reading…" : "Show older"}
      </button>
      {f.count(shown)} of {f.count(Math.max(total, shown))}
    </div>
  );
}
