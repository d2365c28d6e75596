import { useId, type ReactNode } from "react";
import { ErrorBoundary } from "./ErrorBoundary";

interface Props {
  title: string;
  /** Beside the title, quieter. */
  note?: ReactNode;
  actions?: ReactNode;
  stale?: boolean;
  className?: string;
  bodyClassName?: string;
  testId?: string;
  /** The contents scroll by themselves: the keyboard must reach them. */
  scrolls?: boolean;
  children: ReactNode;
}

/** A titled region. Stale contents are greyed and say so; a mistake in them stays theirs. */
export function Panel({ title, note, actions, stale = false, className = "", bodyClassName = "px-4 pb-4", testId, scrolls = false, children }: Props) {
  const id = useId();
  return (
    <section aria-labelledby={id} className={`panel min-w-0 ${className}`} data-testid={testId} data-stale={stale}>
      <header className="flex min-h-11 items-center gap-3 px-4 py-2">
        <h2 id={id} className="shrink-0 text-sm font-semibold">
          {title}
        </h2>
        <div className="min-w-0 flex-1 truncate text-xs text-muted">{note}</div>
        {stale && <span className="shrink-0 text-xs font-medium text-amber">stale</span>}
        {actions}
      </header>
      <div className={`${bodyClassName} ${stale ? "stale" : ""}`} tabIndex={scrolls ? 0 : undefined}>
        <ErrorBoundary fallback={(error, reset) => <PanelFailure message={error.message} onReset={reset} />}>{children}</ErrorBoundary>
      </div>
    </section>
  );
}

function PanelFailure({ message, onReset }: { message: string; onReset: () => void }) {
  return (
    <div role="alert" className="flex flex-wrap items-center gap-x-3 gap-y-2 px-4 py-3 text-sm">
      <span className="min-w-0 flex-1 basis-48">
        This panel stopped on an error of its own: <span className="font-mono text-xs break-words text-muted">{message}</span>
      </span>
      <button type="button" className="button" onClick={onReset}>
        Try again
      </button>
    </div>
  );
}
