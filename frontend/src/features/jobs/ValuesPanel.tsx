import { Panel } from "@/components/Panel";
import type { JsonObject } from "@/lib/types/job";

/** Members of an object, a row each. */
export function ValuesPanel({ title, values, nothing }: { title: string; values: JsonObject | null | undefined; nothing: string }) {
  const entries = Object.entries(values ?? {});
  return (
    <Panel title={title} bodyClassName="max-h-80 overflow-auto" scrolls={entries.length > 0} testId={`job-${title.toLowerCase()}`}>
      {entries.length === 0 ? (
        <p className="border-t border-line px-4 py-2.5 text-sm text-muted">{values === undefined ? "Not known." : nothing}</p>
      ) : (
        <dl className="border-t border-line px-4 py-2">
          {entries.map(([key, value]) => (
            <div key={key} className="flex items-baseline gap-4 py-[3px] text-xs">
              <dt className="w-36 shrink-0 truncate font-mono text-muted" title={key}>
                {key}
              </dt>
              <dd className="min-w-0 flex-1 font-mono break-words whitespace-pre-wrap">{typeof value === "string" ? value : JSON.stringify(value)}</dd>
            </div>
          ))}
        </dl>
      )}
    </Panel>
  );
}
