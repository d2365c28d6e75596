/** What the memory is used for: the jobs of this machine as far as they are measured, other programs, cache, nothing. */
import { useMemo } from "react";
import { useOperations } from "@/hooks/useStores";
import * as f from "@/lib/format";
import { memoryParts } from "@/lib/memoryParts";
import type { MemoryMetrics } from "@/lib/types/system";

/** A pattern of its own for each, beside the colour: full, half, faint, empty. */
const LOOK: Record<string, string> = {
  jobs: "bg-accent",
  other: "bg-rest",
  cache: "bg-[repeating-linear-gradient(135deg,var(--rest)_0_2px,transparent_2px_5px)]",
  free: "bg-track",
};

export function MemoryParts({ ram, host }: { ram: MemoryMetrics["ram"]; host: string | null }) {
  const active = useOperations((state) => state.activeOperations);
  const parts = useMemo(() => memoryParts(ram, active, host), [ram, active, host]);
  if (parts === null) return <p className="text-xs text-muted">What it is used for can't be told.</p>;
  return (
    <div>
      <div className="flex h-2 gap-px overflow-hidden rounded-full bg-track" aria-hidden="true">
        {parts.map((part) => (
          <div key={part.key} className={`h-full ${LOOK[part.key] ?? ""}`} style={{ width: `${part.percent}%` }} />
        ))}
      </div>
      <dl className="mt-2 grid grid-cols-2 gap-x-4 gap-y-1 text-xs sm:grid-cols-4" aria-label="What the memory is used for">
        {parts.map((part) => (
          <div key={part.key} className="min-w-0" title={part.hint}>
            <dt className="flex items-center gap-1.5 text-muted">
              <span className={`inline-block size-2 shrink-0 rounded-[2px] ${LOOK[part.key] ?? ""}`} aria-hidden="true" />
              <span className="truncate">{part.word}</span>
            </dt>
            <dd>{f.bytes(part.bytes)}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}
