import { Panel } from "@/components/Panel";
import type { JsonObject } from "@/lib/types/job";
import type { KnownTraining } from "@/stores/trainingsStore";

export function ParametersPanel({ training }: { training: KnownTraining }) {
  const params: JsonObject = training.params ?? {};
  const entries = Object.entries(params).sort(([a], [b]) => a.localeCompare(b));
  return (
    <Panel title="Parameters" note={<span className="font-mono">{training.id}</span>} bodyClassName="max-h-80 overflow-auto" scrolls>
      <dl className="border-t border-line px-4 py-2">
        {entries.length === 0 && <p className="py-2 text-sm text-muted">None were given.</p>}
        {entries.map(([key, value]) => (
          <div key={key} className="flex items-baseline gap-4 py-[3px] text-xs">
            <dt className="w-40 shrink-0 truncate font-mono text-muted">{key}</dt>
            <dd className="min-w-0 flex-1 font-mono break-all">{typeof value === "string" ? value : JSON.stringify(value)}</dd>
          </div>
        ))}
        {typeof training.output_path === "string" && (
          <div className="flex items-baseline gap-4 py-[3px] text-xs">
            <dt className="w-40 shrink-0 text-muted">written to</dt>
            <dd className="min-w-0 flex-1 font-mono break-all">{training.output_path}</dd>
          </div>
        )}
      </dl>
    </Panel>
  );
}
