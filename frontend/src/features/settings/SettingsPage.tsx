import { useEffect, useState, type ReactNode } from "react";
import { useSystemMonitor } from "@/hooks/useStores";
import { api } from "@/lib/api";
import * as f from "@/lib/format";
import { setTheme, useThemeChoice, type ThemeChoice } from "@/lib/theme";
import type { VersionInfo } from "@/lib/types/system";
import { systemMonitorStore } from "@/stores/systemMonitorStore";

const THEMES: { value: ThemeChoice; word: string }[] = [
  { value: "system", word: "As the system" },
  { value: "light", word: "Light" },
  { value: "dark", word: "Dark" },
];
const INTERVALS = [1, 2, 5, 10, 30];

export function SettingsPage() {
  const theme = useThemeChoice();
  const interval = useSystemMonitor((state) => state.updateInterval);
  const sample = useSystemMonitor((state) => state.sampleInterval);
  const failures = useSystemMonitor((state) => state.consecutiveWebSocketFailures);
  const [version, setVersion] = useState<VersionInfo | null>(null);
  useEffect(() => {
    api.version().then(setVersion, () => {
      setVersion(null);
    });
  }, []);
  return (
    <div className="panel max-w-2xl divide-y divide-line">
      <Row title="Theme" hint="Remembered in this browser.">
        <Choice
          label="Theme"
          options={THEMES.map(({ value, word }) => ({ value, word }))}
          value={theme}
          onChange={(value) => {
            setTheme(value as ThemeChoice);
          }}
        />
      </Row>
      <Row title="Update interval" hint="How often this page asks the server while the live connection is away. Live data needs no asking.">
        <Choice
          label="Update interval"
          options={INTERVALS.map((seconds) => ({ value: String(seconds), word: `${seconds} s` }))}
          value={String(interval)}
          onChange={(value) => {
            systemMonitorStore.getState().setUpdateInterval(Number(value));
          }}
        />
      </Row>
      <Row title="Server" hint="What this page is connected to.">
        <dl className="grid grid-cols-[auto_auto] gap-x-5 gap-y-1 text-xs">
          <dt className="text-muted">Version</dt>
          <dd>{version?.version ?? f.UNKNOWN}</dd>
          <dt className="text-muted">Running since</dt>
          <dd>{f.fullTime(version?.started_at)}</dd>
          <dt className="text-muted">Samples the machine every</dt>
          <dd>{sample} s</dd>
          <dt className="text-muted">Failed connections in a row</dt>
          <dd>{failures}</dd>
        </dl>
      </Row>
    </div>
  );
}

function Row({ title, hint, children }: { title: string; hint: string; children: ReactNode }) {
  return (
    <section className="flex flex-wrap items-start justify-between gap-x-8 gap-y-3 px-5 py-4" aria-label={title}>
      <div className="max-w-[36ch]">
        <h2 className="text-sm font-semibold">{title}</h2>
        <p className="text-xs text-muted">{hint}</p>
      </div>
      {children}
    </section>
  );
}

interface ChoiceProps {
  label: string;
  options: { value: string; word: string }[];
  value: string;
  onChange: (value: string) => void;
}

function Choice({ label, options, value, onChange }: ChoiceProps) {
  return (
    <div role="group" aria-label={label} className="flex rounded-lg border border-line bg-panel p-0.5">
      {options.map((option) => (
        <button
          key={option.value}
          type="button"
          aria-pressed={option.value === value}
          className={`h-6 rounded-md px-2.5 text-xs whitespace-nowrap ${option.value === value ? "bg-raised font-medium" : "text-muted hover:text-fg"}`}
          onClick={() => {
            onChange(option.value);
          }}
        >
          {option.word}
        </button>
      ))}
    </div>
  );
}
