import type { ReactNode } from "react";
import { Icon, type IconName } from "./Icon";

/** Why there is nothing, and what to do. */
export function EmptyState({ icon, title, children }: { icon: IconName; title: string; children?: ReactNode }) {
  return (
    <div className="flex flex-col items-center px-6 py-12 text-center">
      <span className="mb-3 grid size-9 place-items-center rounded-lg border border-line bg-panel text-muted">
        <Icon name={icon} size={18} />
      </span>
      <h2 className="text-base font-semibold">{title}</h2>
      <div className="mt-1 max-w-[52ch] text-sm text-muted">{children}</div>
    </div>
  );
}

export function ErrorNote({ children, onRetry }: { children: ReactNode; onRetry?: () => void }) {
  return (
    <div role="alert" className="flex items-center gap-2.5 rounded-md border border-red/35 bg-red-soft px-3 py-2 text-sm">
      <Icon name="alert" className="text-red" />
      <span className="min-w-0 flex-1">{children}</span>
      {onRetry !== undefined && (
        <button type="button" className="button" onClick={onRetry}>
          <Icon name="retry" size={12} />
          Try again
        </button>
      )}
    </div>
  );
}

/** Stands where something will be, as large as it. */
export function Skeleton({ className }: { className: string }) {
  return <div aria-hidden="true" className={`rounded bg-track/60 ${className}`} />;
}

/** A value under its name. */
export function Stat({
  label,
  value,
  title,
  testId,
  large = false,
}: {
  label: string;
  value: ReactNode;
  title?: string;
  testId?: string;
  large?: boolean;
}) {
  return (
    <div className="min-w-0" title={title}>
      <dt className="caption truncate">{label}</dt>
      <dd className={`truncate ${large ? "text-lg font-semibold" : "text-sm"}`} data-testid={testId}>
        {value}
      </dd>
    </div>
  );
}
