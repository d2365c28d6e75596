/** What is chosen here and kept in this browser: another one, or another person's, has its own. */
import { Choice } from "@/components/Choice";
import { Panel } from "@/components/Panel";
import { useNotices, useSystemMonitor } from "@/hooks/useStores";
import { useNotificationPermission, type NotificationState } from "@/lib/notificationPermission";
import { setSmoothingDefault, useSmoothingDefault } from "@/lib/smoothingDefault";
import { setTheme, useThemeChoice, type ThemeChoice } from "@/lib/theme";
import { notificationsStore } from "@/stores/notificationsStore";
import { systemMonitorStore } from "@/stores/systemMonitorStore";
import { UPDATE_INTERVALS } from "@/stores/updateInterval";
import { Row } from "./Row";

const THEMES: { value: ThemeChoice; word: string }[] = [
  { value: "system", word: "As the system" },
  { value: "light", word: "Light" },
  { value: "dark", word: "Dark" },
];

const SMOOTHINGS = [0, 0.6, 0.9, 0.97];

export function BrowserPanel() {
  const theme = useThemeChoice();
  const interval = useSystemMonitor((state) => state.updateInterval);
  const smoothing = useSmoothingDefault();
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
      <Row title="Smoothing of curves" hint="Where a training is opened anew; the line as it was reported stays behind it, faint.">
        <Choice
          label="Smoothing of curves"
          options={[...new Set([...SMOOTHINGS, smoothing])].sort((a, b) => a - b).map((each) => ({ value: String(each), word: each === 0 ? "Off" : String(each) }))}
          value={String(smoothing)}
          onChange={(value) => {
            setSmoothingDefault(Number(value));
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
  const outside = useNotices((notices) => notices.outside);
  const { setOutside } = notificationsStore.getState();
  return (
    <Row title="Notifications" hint="The browser tells of what ended while this tab is hidden. The bell in the header has them in any case.">
      <div className="flex items-center gap-3 text-xs">
        <span className={state === "granted" ? "text-green" : "text-muted"} data-testid="notification-permission">
          {PERMISSION[state]}
        </span>
        {state === "default" && (
          <button
            type="button"
            className="button"
            onClick={() =>
              void ask().then((answer) => {
                if (answer === "granted") setOutside(true);
              })
            }
          >
            Allow…
          </button>
        )}
        {state === "granted" && (
          <Choice
            label="Notifications outside the page"
            options={[
              { value: "on", word: "On" },
              { value: "off", word: "Off" },
            ]}
            value={outside ? "on" : "off"}
            onChange={(value) => {
              setOutside(value === "on");
            }}
          />
        )}
      </div>
    </Row>
  );
}
