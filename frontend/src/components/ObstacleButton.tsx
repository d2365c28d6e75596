import type { ReactNode } from "react";

/** A button for what can't always be done: it says what is in the way; null: nothing. */
export function ObstacleButton({
  obstacle,
  onClick,
  children,
  className = "",
  label,
}: {
  obstacle: string | null;
  onClick: () => void;
  children: ReactNode;
  className?: string;
  /** Where its words alone don't say of what. */
  label?: string;
}) {
  return (
    <button type="button" className={`button ${className}`} disabled={obstacle !== null} title={obstacle ?? undefined} aria-label={label} onClick={onClick}>
      {children}
    </button>
  );
}
