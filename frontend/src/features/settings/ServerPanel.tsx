/** Which server this is and what it runs with. Read only: a server is given its settings when it starts. */
import { Panel } from "@/components/Panel";
import { ErrorNote, Stat } from "@/components/States";
import { useServer } from "@/hooks/useServer";
import { useSystemMonitor } from "@/hooks/useStores";
import * as f from "@/lib/format";
import type { ServerSetting } from "@/lib/types/server";
import { serverStore } from "@/stores/serverStore";

const STORAGE = { sqlite: "SQLite", postgresql: "PostgreSQL" };

export function ServerPanel() {
  const version = useServer((state) => state.version);
  const settings = useServer((state) => state.settings);
  const error = useServer((state) => state.error);
  const sample = useSystemMonitor((state) => state.sampleInterval);
  const failures = useSystemMonitor((state) => state.consecutiveWebSocketFailures);
  const setting = (name: string) => settings?.items.find((each) => each.name === name)?.value;
  const days = (name: string) => (typeof setting(name) === "number" ? `${String(setting(name))} days` : f.UNKNOWN);
  return (
    <Panel title="This server" note="Read only: given when it starts" bodyClassName="" testId="server">
      {error !== null && (
        <div className="px-4 pb-3">
          <ErrorNote onRetry={() => void serverStore.getState().fetchServer()}>{error}</ErrorNote>
        </div>
      )}
      <dl className="grid grid-cols-2 gap-x-6 gap-y-3 border-t border-line px-4 py-3.5 sm:grid-cols-4">
        <Stat label="Version" value={version?.version ?? f.UNKNOWN} testId="server-version" />
        <Stat label="Instance" value={version?.instance ?? f.UNKNOWN} title={version?.instance ?? ""} />
        <Stat label="Running since" value={f.fullTime(version?.started_at)} title={f.fullTime(version?.started_at)} />
        <Stat label="Storage" value={settings === null ? f.UNKNOWN : STORAGE[settings.storage]} testId="server-storage" />
        <Stat label="Metrics stay live for" value={days("TRAINING_METRIC_ARCHIVE_DAYS")} />
        <Stat label="Progress is kept for" value={days("PROGRESS_HISTORY_RETENTION_DAYS")} />
        <Stat label="The machine is read every" value={`${sample} s`} />
        <Stat label="Failed connections in a row" value={f.count(failures)} />
      </dl>
      {settings === null ? (
        <p className="border-t border-line px-4 py-3 text-sm text-muted">All settings: {error === null ? "reading…" : f.UNKNOWN}</p>
      ) : (
        <AllSettings settings={settings.items} />
      )}
      <p className="border-t border-line px-4 py-3 text-xs text-muted">
        For programs:{" "}
        <a className="link" href="/metrics">
          /metrics
        </a>{" "}
        (Prometheus),{" "}
        <a className="link" href="/readyz">
          /readyz
        </a>
        ,{" "}
        <a className="link" href="/api/v1/settings">
          /api/v1/settings
        </a>
        . What each setting does is in <code className="font-mono text-fg">docs/settings.md</code>, upkeep of the database in{" "}
        <code className="font-mono text-fg">docs/DATABASE_MAINTENANCE.md</code> of the source.
      </p>
    </Panel>
  );
}

/** As it was given, or as it is without: a number is its default in whatever way it is written. */
function isDefault({ value, default: usual }: ServerSetting): boolean {
  if (usual === null) return value === null || value === false;
  return typeof value === "number" ? value === Number(usual) : String(value ?? "") === usual;
}

function words(value: ServerSetting["value"]): string {
  if (value === null) return "not shown, or not set";
  if (typeof value === "boolean") return value ? "yes" : "no";
  return value === "" ? "none" : String(value);
}

function AllSettings({ settings }: { settings: ServerSetting[] }) {
  const changed = settings.filter((each) => !isDefault(each)).length;
  return (
    <details className="border-t border-line">
      <summary className="cursor-pointer px-4 py-3 text-sm text-muted hover:text-fg">
        All {settings.length} settings, {changed} other than usual
      </summary>
      <dl className="border-t border-line px-4 py-2 text-xs">
        {settings.map((each) => (
          <div key={each.name} className="flex flex-wrap items-baseline gap-x-4 py-1">
            <dt className="w-full min-w-0 sm:w-80">
              <span className="font-mono break-all">{each.name}</span>
              <span className="block text-muted">{each.help}</span>
            </dt>
            <dd className={`min-w-0 flex-1 font-mono break-all ${isDefault(each) ? "text-muted" : "font-medium text-accent"}`}>
              {words(each.value)}
              {!isDefault(each) && each.default !== null && <span className="ml-2 font-sans font-normal text-faint">usually {each.default}</span>}
            </dd>
          </div>
        ))}
      </dl>
    </details>
  );
}
