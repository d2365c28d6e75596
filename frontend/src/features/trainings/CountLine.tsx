/** How many rows are shown and known, and whether their order still is what it says. */
interface Props {
  shown: number;
  all: number;
  load: "loading" | "more" | "ready" | "error";
  /** Sorted now, the order would be another one. */
  stale: boolean;
  onSortAgain: () => void;
  /** The column that it is sorted by. */
  word: string;
}

const many = (n: number) => n.toLocaleString("en-US");

export function CountLine({ shown, all, load, stale, onSortAgain, word }: Props) {
  const noun = all === 1 ? "training" : "trainings";
  // While pages are still coming no count is the whole.
  const whole = load === "ready" ? many(all) : `${many(all)} read so far`;
  return (
    <div className="flex min-w-0 items-center gap-3 text-sm text-muted">
      <p className="whitespace-nowrap" data-testid="row-count" data-load={load}>
        {load === "loading" && all === 0 ? " " : shown === all ? `${whole} ${load === "ready" ? noun : ""}` : `${many(shown)} of ${whole} ${load === "ready" ? noun : ""}`}
      </p>
      {stale && (
        <button type="button" className="link truncate" onClick={onSortAgain} title="Rows stay in place while values change">
          {word} has changed: sort again
        </button>
      )}
    </div>
  );
}
