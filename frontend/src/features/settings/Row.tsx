import type { ReactNode } from "react";

export function Row({ title, hint, children }: { title: string; hint: string; children: ReactNode }) {
  return (
    <section className="flex flex-wrap items-start justify-between gap-x-8 gap-y-3 border-t border-line px-4 py-3.5" aria-label={title}>
      <div className="max-w-[52ch] min-w-0">
        <h3 className="text-sm font-medium">{title}</h3>
        <p className="text-xs text-muted">{hint}</p>
      </div>
      {children}
    </section>
  );
}
