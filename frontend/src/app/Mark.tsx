export function Mark() {
  return (
    <svg width="20" height="20" viewBox="0 0 20 20" aria-hidden="true" className="shrink-0">
      <rect x="1" y="3" width="18" height="3" rx="1.5" fill="var(--accent)" />
      <rect x="1" y="8.5" width="18" height="3" rx="1.5" fill="var(--track)" />
      <rect x="1" y="8.5" width="12" height="3" rx="1.5" fill="var(--accent)" />
      <rect x="1" y="14" width="18" height="3" rx="1.5" fill="var(--track)" />
      <rect x="1" y="14" width="6" height="3" rx="1.5" fill="var(--accent)" />
    </svg>
  );
}
