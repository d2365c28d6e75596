import { useEffect } from "react";
import { operationTitle } from "@/lib/jobWords";
import type { Operation } from "@/lib/types/job";

const SHOWN_MS = 8000;

/** A dismissal can be taken back for a while. */
export function UndoNote({ dismissed, onUndo, onDone }: { dismissed: Operation[]; onUndo: () => void; onDone: () => void }) {
  useEffect(() => {
    const timer = setTimeout(onDone, SHOWN_MS);
    return () => {
      clearTimeout(timer);
    };
  }, [onDone, dismissed]);
  const [first] = dismissed;
  if (first === undefined) return null;
  return (
    <div
      role="status"
      className="panel fixed bottom-20 left-1/2 z-20 flex -translate-x-1/2 items-center gap-4 bg-raised py-1.5 pr-1.5 pl-4 text-sm shadow-lg md:bottom-6"
    >
      <span className="max-w-64 truncate">{dismissed.length === 1 ? operationTitle(first) : `${dismissed.length} failures`} dismissed</span>
      <button type="button" className="button" onClick={onUndo}>
        Undo
      </button>
    </div>
  );
}
