/** What is chosen here and kept in this browser: another one, or another person's, has its own. */
import { Choice } from "@/components/Choice";
import { Panel } from "@/components/Panel";
import { useSystemMonitor } from "@/hooks/useStores";
import { useNotificationPermission, type NotificationState } from "@/lib/notificationPermission";
import { setTheme, useThemeChoice, type ThemeChoice } from "@/lib/theme";
import { systemMonitorStore } from "@/stores/systemMonitorStore";
import { UPDATE_INTERVALS } from "@/stores/updateInterval";
import { Row } from "./Row";

const THEMES: { value: ThemeChoice; word: string }[] = [
  { value: "system", word: "As the system" },
  { value: "light", word: "Light" },
  { value: "dark", word: "Dark" },
];

export function BrowserPanel() {
  const theme = useThemeChoice();
  const interval = useSystemMonitor((state) => state.updateInterval);
  return (
    <Panel title="This browser" note="Kept here; the server and other browsers don't know of it" bodyClassName="">
      <Row title="Theme" hint="Light or dark, or whichever the system is in.">
        <Choice
          label="Theme"
          options={THEMES}
          value={theme}
          onChange={(value) => {
            setTheme(value as ThemeChoice);
          }}
        />
      </Row>
      <Row title="Update interval" hint="How often pages ask the server while the live connection is away. Live data needs no asking.">
        <Choice
          label="Update interval"
          options={[...new Set([...UPDATE_INTERVALS, interval])].sort((a, b) => a - b).map((seconds) => ({ value: String(seconds), word: `${seconds} s` }))}
          value={String(interval)}
          onChange={(value) => {
            systemMonitorStore.getState().setUpdateInterval(Number(value));
          }}
        />
      </Row>
      <Notifications />
    </Panel>
  );
}

const PERMISSION: Record<NotificationState, string> = {
  granted: "allowed",
  denied: "blocked: the browser's own settings of this site can change that",
  default: "not asked yet",
  unsupported: "this browser has none",
  insecure: "only over HTTPS, or on the server's own machine",
};

function Notifications() {
  const [state, ask] = useNotificationPermission();
  return (
    <Row title="Notifications" hint="The browser may tell you of a job that ended while this tab is hidden.">
      <div className="flex items-center gap-3 text-xs">
        <span className={state === "granted" ? "text-green" : "text-muted"} data-testid="notification-permission">
          {PERMISSION[state]}
        </span>
        {state === "default" && (
          <button type="button" className="button" onClick={() => void ask()}>
            Allow…
          </button>
        )}
      </div>
    </Row>
  );
}
