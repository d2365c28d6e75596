/** What the server says of itself: its settings, its periodic tasks, how many rows lie where. */
import type { JsonObject } from "./job";

export interface ServerSetting {
  name: string;
  /** null: not set, or it may hold a password. */
  value: string | number | boolean | null;
  default: string | null;
  help: string;
}

export interface ServerSettings {
  storage: "sqlite" | "postgresql";
  items: ServerSetting[];
}

export interface ScheduledTask {
  name: string;
  description: string;
  spec: string;
  timezone: string | null;
  running: boolean;
  last_started_at: string | null;
  last_duration_seconds: number | null;
  last_result: JsonObject | null;
  last_error: string | null;
  last_success_at: string | null;
  next_run_at: string | null;
  runs: number;
  failures: number;
}

export interface AgeCount {
  from_days: number;
  /** null: and older. */
  to_days: number | null;
  rows: number;
}

export interface MetricCounts {
  live: { rows: number; by_age: AgeCount[] };
  archived: { rows: number; by_age: AgeCount[] };
  task: ScheduledTask;
}
