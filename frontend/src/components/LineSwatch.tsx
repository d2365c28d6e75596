/** A piece of a chart's line as it is drawn there: its colour and its dash. The run's name stands beside it. */
export function LineSwatch({ color, dash = [], className = "" }: { color: string; dash?: readonly number[] | undefined; className?: string }) {
  return (
    <svg width="20" height="8" viewBox="0 0 20 8" aria-hidden="true" className={`shrink-0 ${className}`}>
      <path d="M0 4H20" stroke={`var(${color})`} strokeWidth="2" strokeDasharray={dash.length === 0 ? undefined : dash.join(" ")} />
    </svg>
  );
}
