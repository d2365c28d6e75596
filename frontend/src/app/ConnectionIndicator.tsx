/** How the data comes, and how old the newest is. */
import { useEffect, useState } from "react";
import { useSystemMonitor } from "@/hooks/useStores";
import { age, UNKNOWN } from "@/lib/format";
import { connectionHealth, type ConnectionHealth } from "@/stores/systemMonitorStore";

const LOOK: Record<ConnectionHealth, { dot: string; text: string; hint: string }> = {
  live: { dot: "bg-green-mark", text: "text-green", hint: "Data arrives as it happens" },
  polling: { dot: "bg-amber-mark", text: "text-amber", hint: "No live data: this page asks the server at intervals" },
  offline: { dot: "bg-red", text: "text-red", hint: "The server does not answer: what you see is old" },
};
const TICK_MS = 250;

export function ConnectionIndicator() {
  const health = useSystemMonitor(connectionHealth);
  const dataAt = useSystemMonitor((state) => state.lastDataAt);
  const connecting = useSystemMonitor((state) => !state.isPolling && state.lastLiveAt === null);
  const [now, setNow] = useState(() => performance.now());
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden) setNow(performance.now());
    }, TICK_MS);
    return () => {
      clearInterval(timer);
    };
  }, []);
  const look = LOOK[health];
  return (
    <div
      className="flex items-center gap-2 text-xs whitespace-nowrap"
      title={connecting ? "Connecting to the server" : look.hint}
      data-testid="connection"
      data-state={health}
    >
      <span className={`size-2 rounded-full ${connecting ? "bg-rest" : look.dot}`} aria-hidden="true" />
      <span role="status" className={`font-medium ${connecting ? "text-muted" : look.text}`}>
        {connecting ? "connecting" : health}
      </span>
      <span className="inline-block min-w-[5.5ch] text-right text-muted" aria-label="Age of the newest data">
        {dataAt === null ? UNKNOWN : age(Math.max(0, now - dataAt))}
      </span>
    </div>
  );
}
