/** What a training was started with: what was asked for, and what was taken because it wasn't. */
import { CopyButton } from "@/components/CopyButton";
import { Panel } from "@/components/Panel";
import type { JsonObject, JsonValue } from "@/lib/types/job";
import { PARAM_SPECS } from "@/lib/types/paramDefaults";
import type { KnownTraining } from "@/stores/trainingsStore";

function words(value: JsonValue | undefined): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function Line({ name, value, note, title }: { name: string; value: string; note?: string; title?: string | undefined }) {
  return (
    <div className="flex items-baseline gap-4 py-1 text-xs" title={title}>
      <dt className="w-40 shrink-0 truncate font-mono text-muted">{name}</dt>
      <dd className="min-w-0 font-mono break-all">{value}</dd>
      {note !== undefined && <dd className="ml-auto shrink-0 font-sans text-faint">{note}</dd>}
    </div>
  );
}

export function ParametersPanel({ training, kind }: { training: KnownTraining; kind: string | undefined }) {
  const params: JsonObject = training.params ?? {};
  const specs = kind === undefined ? undefined : PARAM_SPECS[kind];
  const entries = Object.entries(params).sort(([a], [b]) => a.localeCompare(b));
  const isDefault = (name: string, value: JsonValue) => specs?.[name]?.value !== undefined && JSON.stringify(specs[name].value) === JSON.stringify(value);
  const chosen = entries.filter(([name, value]) => !isDefault(name, value));
  const defaults = entries.filter(([name, value]) => isDefault(name, value));
  return (
    <Panel
      title="Parameters"
      note={specs === undefined ? "" : `${chosen.length} of ${entries.length} are not the defaults`}
      actions={<CopyButton text={JSON.stringify(params, null, 2)} what="the parameters as JSON" />}
      bodyClassName=""
      testId="parameters"
    >
      <dl className="border-t border-line px-4 py-2">
        {entries.length === 0 && <p className="py-2 text-sm text-muted">None were given.</p>}
        {chosen.map(([name, value]) => (
          <Line key={name} name={name} value={words(value)} title={specs?.[name]?.meaning} />
        ))}
        {defaults.map(([name, value]) => (
          <Line key={name} name={name} value={words(value)} note="default" title={specs?.[name]?.meaning} />
        ))}
        <Line name="training" value={training.id} />
        {typeof training.job_id === "string" && <Line name="job" value={training.job_id} />}
        {typeof training.output_path === "string" && <Line name="written to" value={training.output_path} />}
      </dl>
    </Panel>
  );
}
