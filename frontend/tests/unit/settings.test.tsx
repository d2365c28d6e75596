import { act, render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { SettingsPage } from "@/features/settings/SettingsPage";
import { notificationState } from "@/lib/notificationPermission";
import { readChoice, setTheme } from "@/lib/theme";
import type { ScheduledTask } from "@/lib/types/server";
import { notificationsStore } from "@/stores/notificationsStore";
import { canRunNow, isAnyRunning, serverStore } from "@/stores/serverStore";
import { systemMonitorStore } from "@/stores/systemMonitorStore";
import { Peer } from "../support/peer";

const task = (changes: Partial<ScheduledTask> = {}): ScheduledTask => ({
  name: "metric_archival",
  description: "Moves old metrics.",
  spec: "daily 02:00",
  timezone: "local",
  running: false,
  last_started_at: null,
  last_duration_seconds: null,
  last_result: null,
  last_error: null,
  last_success_at: null,
  next_run_at: "2026-01-02T02:00:00.000Z",
  runs: 0,
  failures: 0,
  ...changes,
});

const counts = (rows: number) => ({
  rows,
  by_age: [
    { from_days: 0, to_days: 1, rows },
    { from_days: 1, to_days: 7, rows: 0 },
    { from_days: 90, to_days: null, rows: 0 },
  ],
});

let peer: Peer;
beforeEach(async () => {
  serverStore.setState(serverStore.getInitialState(), true);
  peer = new Peer();
  await peer.start();
  peer.rest.set("/version", { version: "1.2.3", started_at: "2026-01-01T10:00:00.000Z", server_time: new Date().toISOString(), instance: "srv_1" });
  peer.rest.set("/settings", {
    storage: "postgresql",
    items: [
      { name: "TRAINING_METRIC_ARCHIVE_DAYS", value: 7, default: "30", help: "metrics older than this" },
      { name: "PROGRESS_HISTORY_RETENTION_DAYS", value: 90, default: "90", help: "how long" },
      { name: "HEADWAY_NO_WORKER", value: false, default: null, help: "start no worker" },
      { name: "DATABASE_URL", value: null, default: null, help: "where" },
      { name: "HEADWAY_ALLOWED_HOSTS", value: "", default: "", help: "names" },
    ],
  });
  peer.rest.set("/schedule", {
    items: [
      task(),
      task({ name: "system_monitor", spec: "every 2 seconds", timezone: null, runs: 3, last_started_at: "2026-01-01T10:00:00.000Z", last_duration_seconds: 0.2 }),
      task({ name: "output_sweep", last_error: "no such folder", runs: 2, failures: 1, last_started_at: "2026-01-01T10:00:00.000Z", last_result: { removed: 12 } }),
    ],
  });
});
afterEach(async () => {
  setTheme("system");
  await peer.stop();
});

const row = (name: string) => screen.getAllByTestId("task").find((each) => each.dataset["task"] === name) ?? document.body;

describe("this server", () => {
  test("says which it is, what it runs with, and what is other than usual", async () => {
    render(<SettingsPage />);
    expect(await screen.findByText("1.2.3")).toBeInTheDocument();
    expect(screen.getByTestId("server-storage")).toHaveTextContent("PostgreSQL");
    expect(screen.getByText("7 days")).toBeInTheDocument();
    expect(screen.getByText("All 5 settings, 1 other than usual")).toBeInTheDocument();
    expect(screen.getByText("usually 30")).toBeInTheDocument();
    expect(screen.getByText("not shown, or not set")).toBeInTheDocument();
  });

  test("that can't be read is unknown, with why, and asked again", async () => {
    peer.rest.delete("/settings");
    render(<SettingsPage />);
    const alert = await screen.findByText(/nothing at \/settings/);
    expect(alert).toBeInTheDocument();
    expect(screen.getByTestId("server-version")).toHaveTextContent("–");
    peer.rest.set("/settings", { storage: "sqlite", items: [] });
    await userEvent.click(within(screen.getByTestId("server")).getByRole("button", { name: "Try again" }));
    await waitFor(() => {
      expect(screen.getByTestId("server-storage")).toHaveTextContent("SQLite");
    });
  });
});

describe("periodic tasks", () => {
  test("say when they ran and what came of it; what never ran doesn't claim a time", async () => {
    render(<SettingsPage />);
    await screen.findAllByTestId("task");
    expect(within(row("metric_archival")).getByTestId("task-last")).toHaveTextContent("never so far");
    expect(row("output_sweep")).toHaveTextContent("failed no such folder");
    expect(row("output_sweep")).toHaveTextContent("1 of 2 failed");
    expect(row("output_sweep")).toHaveTextContent("removed 12");
    expect(within(row("system_monitor")).queryByRole("button")).toBeNull();
  });

  test("run now is told to the server, followed until it has ended", async () => {
    let running = false;
    peer.rest.set("/schedule/metric_archival/run", () => {
      running = true;
      return task({ running: true, last_started_at: "2026-01-01T10:00:00.000Z" });
    });
    render(<SettingsPage />);
    await screen.findAllByTestId("task");
    peer.rest.set("/schedule", () => ({
      items: [running ? task({ running: true }) : task({ runs: 1, last_started_at: "2026-01-01T10:00:00.000Z", last_duration_seconds: 1, last_result: { rows_moved: 5000 } })],
    }));
    await userEvent.click(screen.getByRole("button", { name: "Run Metric archival now" }));
    expect(await within(row("metric_archival")).findByText("running")).toBeInTheDocument();
    running = false;
    await waitFor(
      () => {
        expect(row("metric_archival")).toHaveTextContent("rows moved 5,000");
      },
      { timeout: 10_000 },
    );
    expect(peer.requests).toContain("POST /schedule/metric_archival/run");
  });

  test("a refusal stands at its task", async () => {
    render(<SettingsPage />);
    await screen.findAllByTestId("task");
    await userEvent.click(screen.getByRole("button", { name: "Run Metric archival now" }));
    expect(await within(row("metric_archival")).findByRole("alert")).toHaveTextContent("nothing at /schedule/metric_archival/run");
    expect(screen.getByRole("button", { name: "Run Metric archival now" })).toBeEnabled();
  });

  test("that can't be read say so", async () => {
    peer.rest.delete("/schedule");
    render(<SettingsPage />);
    expect(await screen.findByText(/nothing at \/schedule/)).toBeInTheDocument();
    expect(screen.queryByText("Reading…")).toBeNull();
  });

  test("only what runs by itself, or runs already, can't be run", () => {
    expect([task(), task({ running: true }), task({ name: "system_monitor" })].map(canRunNow)).toEqual([true, false, false]);
    expect([isAnyRunning(null), isAnyRunning([task()]), isAnyRunning([task(), task({ running: true })])]).toEqual([false, false, true]);
  });
});

describe("metrics by age", () => {
  test("are counted when it is asked for, and not before", async () => {
    peer.rest.set("/maintenance/metrics", { live: counts(1234), archived: counts(56), task: task() });
    render(<SettingsPage />);
    const panel = screen.getByTestId("metric-counts");
    await screen.findAllByTestId("task");
    expect(within(panel).queryByRole("table")).toBeNull();
    expect(peer.requests.some((each) => each.includes("maintenance"))).toBe(false);
    await userEvent.click(within(panel).getByRole("button", { name: "Count" }));
    expect(await within(panel).findByRole("row", { name: "up to 1 day 1,234 56" })).toBeInTheDocument();
    expect(within(panel).getByRole("row", { name: "more than 90 days 0 0" })).toBeInTheDocument();
    expect(within(panel).getByRole("row", { name: "All 1,234 56" })).toBeInTheDocument();
  });

  test("what goes wrong is said", async () => {
    render(<SettingsPage />);
    const panel = screen.getByTestId("metric-counts");
    await userEvent.click(within(panel).getByRole("button", { name: "Count" }));
    expect(await within(panel).findByRole("alert")).toHaveTextContent("nothing at /maintenance/metrics");
  });
});

describe("this browser", () => {
  test("keeps the theme and the update interval", async () => {
    render(<SettingsPage />);
    await userEvent.click(screen.getByRole("button", { name: "Dark" }));
    expect(readChoice()).toBe("dark");
    expect(document.documentElement.dataset["theme"]).toBe("dark");
    await userEvent.click(screen.getByRole("button", { name: "5 s" }));
    expect(systemMonitorStore.getState().updateInterval).toBe(5);
    expect(screen.getByRole("button", { name: "5 s" })).toHaveAttribute("aria-pressed", "true");
    await userEvent.click(screen.getByRole("button", { name: "0.9" }));
    expect(localStorage.getItem("headway.smoothing")).toBe("0.9");
    await userEvent.click(screen.getByRole("button", { name: "Off" }));
    expect(localStorage.getItem("headway.smoothing")).toBeNull();
    act(() => {
      systemMonitorStore.getState().setUpdateInterval(2);
    });
  });

  test("may show notifications only if it is asked and can", async () => {
    render(<SettingsPage />);
    // jsdom has none.
    expect(screen.getByTestId("notification-permission")).toHaveTextContent(/none|HTTPS/);
    const requestPermission = vi.fn(() => {
      Object.assign(stub, { permission: "granted" });
      return Promise.resolve("granted");
    });
    const stub = Object.assign(() => undefined, { permission: "default", requestPermission });
    vi.stubGlobal("Notification", stub);
    vi.stubGlobal("isSecureContext", true);
    expect(notificationState()).toBe("default");
    render(<SettingsPage />);
    await userEvent.click(screen.getAllByRole("button", { name: "Allow…" })[0] ?? document.body);
    expect(requestPermission).toHaveBeenCalledTimes(1);
    expect(screen.getAllByTestId("notification-permission")[1]).toHaveTextContent("allowed");
    expect(notificationsStore.getState().outside).toBe(true);
    await userEvent.click(within(screen.getByRole("group", { name: "Notifications outside the page" })).getByRole("button", { name: "Off" }));
    expect(notificationsStore.getState().outside).toBe(false);
    vi.stubGlobal("isSecureContext", false);
    expect(notificationState()).toBe("insecure");
  });
});
