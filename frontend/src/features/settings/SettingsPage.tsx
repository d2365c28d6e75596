/** What is kept in this browser, and what the server says of itself. */
import { useServerFacts } from "@/hooks/useServer";
import { BrowserPanel } from "./BrowserPanel";
import { MetricCountsPanel } from "./MetricCountsPanel";
import { SchedulePanel } from "./SchedulePanel";
import { ServerPanel } from "./ServerPanel";

export function SettingsPage() {
  useServerFacts();
  return (
    <div className="flex max-w-4xl flex-col gap-4" data-testid="settings">
      <BrowserPanel />
      <ServerPanel />
      <MetricCountsPanel />
      <SchedulePanel />
    </div>
  );
}
