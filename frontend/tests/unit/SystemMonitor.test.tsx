import { act, render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Filesystems, fullness } from "@/features/system-monitor/Filesystems";
import { unattributedBytes } from "@/features/system-monitor/GpuProcesses";
import { SystemMonitor } from "@/features/system-monitor/SystemMonitor";
import { forgetServerTime } from "@/lib/clock";
import type { GpuMetrics } from "@/lib/types/system";
import { operationsStore } from "@/stores/operationsStore";
import { systemMonitorStore } from "@/stores/systemMonitorStore";
import { systemRangeStore } from "@/stores/systemRangeStore";
import { Peer } from "../support/peer";
import { cpu, memory, operation } from "../support/samples";

const GIB = 1024 ** 3;
/** The page's store lives as long as the file: each test is later than the one before. */
let second = 0;

const gpu = (changes: Partial<GpuMetrics> = {}): GpuMetrics => ({
  ...{ host: "box", ts: cpu(second).ts, gpu_id: 0, name: "NVIDIA H100", utilization: 37 },
  ...{ memory_used: 20 * GIB, memory_total: 80 * GIB, memory_percent: 25, temperature: 41, power_usage: 123.4 },
  ...{ power_limit: 700, fan_speed: null, clock_sm: 1410, clock_memory: null, processes: [] },
  ...changes,
});

let peer: Peer;

/** jsdom draws nothing: no chart comes into sight. */
class OutOfSight {
  observe() {}
  disconnect() {}
}

beforeEach(async () => {
  second += 100;
  vi.stubGlobal("IntersectionObserver", OutOfSight);
  window.history.replaceState(null, "", "/system");
  systemMonitorStore.setState(systemMonitorStore.getInitialState(), true);
  systemRangeStore.setState(systemRangeStore.getInitialState(), true);
  operationsStore.setState(operationsStore.getInitialState(), true);
  peer = new Peer();
  await peer.start();
});
afterEach(async () => {
  await peer.stop();
});

describe("SystemMonitor", () => {
  it("shows what came, and a dash for what was not read, never 0 [32]", () => {
    const { updateCPUMetricsFromWebSocket, updateMemoryMetricsFromWebSocket, updateGPUMetricsFromWebSocket } = systemMonitorStore.getState();
    updateCPUMetricsFromWebSocket({ ...cpu(second, 62.5), per_core: [100, 25, null] });
    updateMemoryMetricsFromWebSocket(memory(second));
    updateGPUMetricsFromWebSocket(gpu({ utilization: null, processes: null }));
    render(<SystemMonitor />);
    expect(screen.getByText("box")).toBeInTheDocument();
    expect(screen.getByTestId("cpu-percent")).toHaveTextContent(/62\.5\s%/);
    const cores = within(screen.getByRole("list", { name: "Each core" })).getAllByRole("listitem");
    expect(cores.map((core) => core.getAttribute("aria-label"))).toEqual([expect.stringMatching(/Core 0: 100/), expect.stringMatching(/Core 1: 25/), "Core 2: switched off, or not readable"]);
    const panel = within(screen.getByTestId("panel-gpu-0"));
    expect(panel.getByText("In use").nextSibling).toHaveTextContent("–");
    expect(panel.getByText(/the driver doesn't say/)).toBeInTheDocument();
    expect(screen.queryByTestId("no-gpu")).toBeNull();
  });

  it("says why there is no GPU and what was tried", () => {
    systemMonitorStore.setState({ gpuReason: "no NVML library found (tried libnvidia-ml.so.1)" });
    render(<SystemMonitor />);
    expect(screen.getByTestId("no-gpu")).toHaveTextContent("None: no NVML library found (tried libnvidia-ml.so.1)");
  });

  it("names the job that each of a GPU's processes belongs to, and what belongs to none", () => {
    operationsStore.getState().applyOperation(operation({ id: "job_1", name: "sae layer 2" }));
    const processes = [
      { pid: 10, job_id: "job_1", memory_bytes: 5 * GIB },
      { pid: 11, memory_bytes: 3 * GIB },
    ];
    systemMonitorStore.getState().updateGPUMetricsFromWebSocket(gpu({ processes }));
    render(<SystemMonitor />);
    const rows = within(screen.getByTestId("gpu-processes")).getAllByRole("row");
    expect(rows.map((row) => row.textContent?.replace(/\s/g, " "))).toEqual([
      "sae layer 2pid 105.0 GiB measured",
      "no job of this serverpid 113.0 GiB measured",
      "unattributed12.0 GiB",
    ]);
    expect(screen.getByRole("link", { name: "sae layer 2" })).toHaveAttribute("href", "/operations?q=job_1");
  });

  it("greys one silent panel and no other", async () => {
    vi.useFakeTimers({ toFake: ["performance", "Date", "setInterval", "clearInterval"], now: Date.parse(cpu(second).ts) });
    forgetServerTime();
    try {
      const store = systemMonitorStore.getState();
      store.updateCPUMetricsFromWebSocket(cpu(second));
      store.updateMemoryMetricsFromWebSocket(memory(second));
      render(<SystemMonitor />);
      act(() => {
        vi.advanceTimersByTime(5000);
        store.updateCPUMetricsFromWebSocket(cpu(second + 5));
        vi.advanceTimersByTime(2000);
      });
      expect(screen.getByTestId("panel-memory")).toHaveAttribute("data-stale", "true");
      expect(screen.getByTestId("panel-cpu")).toHaveAttribute("data-stale", "false");
    } finally {
      vi.useRealTimers();
    }
  });

  it("shows disks, filesystems and interfaces, and warns of what is nearly full", () => {
    const { updateDiskMetricsFromWebSocket, updateNetworkMetricsFromWebSocket } = systemMonitorStore.getState();
    const { ts } = cpu(second);
    updateDiskMetricsFromWebSocket({
      ...{ host: "box", ts, read_bytes: 1, write_bytes: 1, read_rate: null, write_rate: 2048 },
      devices: [{ name: "nvme0n1", read_rate: null, write_rate: 2048, busy_percent: 7 }],
      filesystems: [
        { mount_point: "/", total: 100 * GIB, used: 20 * GIB, free: 80 * GIB, percent: 20 },
        { mount_point: "/data", total: 100 * GIB, used: 96 * GIB, free: 4 * GIB, percent: 96 },
      ],
    });
    updateNetworkMetricsFromWebSocket({
      ...{ host: "box", ts, sent_bytes: 1, recv_bytes: 1, sent_rate: 1024, recv_rate: null },
      interfaces: [{ name: "eth0", sent_rate: 1024, recv_rate: null }],
    });
    render(<SystemMonitor />);
    const words = (list: string) => within(screen.getByRole("list", { name: list })).getAllByRole("listitem").map((item) => item.textContent?.replace(/\s/g, " "));
    expect(words("Disks")).toEqual(["nvme0n1– read2.0 KiB/s written7 % busy"]);
    expect(words("Filesystems")).toEqual(["/20 % · 80.0 GiB free of 100 GiB", "/data96 % · 4.0 GiB free of 100 GiBnearly full"]);
    expect(words("Network interfaces")).toEqual(["eth0– received1.0 KiB/s sent"]);
  });

  it("keeps the range in the address, and reads that time", async () => {
    const user = userEvent.setup();
    peer.rest.set("/system/history", {
      ...{ host: "box", from: "2026-01-01T06:00:00Z", to: "2026-01-01T12:00:00Z", resolution_seconds: 60, source: "disk", items: [] },
    });
    render(<SystemMonitor />);
    await user.click(screen.getByRole("button", { name: "6 h" }));
    expect(window.location.search).toBe("?range=6h");
    expect(await screen.findByText(/the last 6 hours, in which this server has kept nothing/)).toBeInTheDocument();
    const asked = peer.requests.find((request) => request.startsWith("GET /system/history")) ?? "";
    const query = new URLSearchParams(asked.split("?")[1]);
    expect(Date.parse(query.get("to") ?? "") - Date.parse(query.get("from") ?? "")).toBe(21_600_000);
  });

  it("says that a longer time can't be read, and asks again when told to", async () => {
    const user = userEvent.setup();
    window.history.replaceState(null, "", "/system?range=24h");
    render(<SystemMonitor />);
    expect(await screen.findByRole("alert")).toHaveTextContent("The last 24 hours can't be read");
    peer.rest.set("/system/history", {
      ...{ host: "box", from: "2026-01-01T06:00:00Z", to: "2026-01-01T12:00:00Z", resolution_seconds: 180, source: "disk" },
      items: [{ ts: "2026-01-01T11:00:00Z", samples: 1, cpu_percent: [1, 2, 3], memory_used: null, swap_used: null, disk_read_rate: null, disk_write_rate: null, network_sent_rate: null, network_recv_rate: null, gpus: [] }],
    });
    await user.click(screen.getByRole("button", { name: "Try again" }));
    expect(await screen.findByText(/a mean each 3\smin/)).toBeInTheDocument();
    // Its one minute, and the ends of the time asked for.
    expect(screen.getByTestId("chart-cpu")).toHaveAttribute("data-points", "3");
  });

  it("sets the update interval, and shows one that was set elsewhere", async () => {
    const user = userEvent.setup();
    systemMonitorStore.getState().setUpdateInterval(30);
    render(<SystemMonitor />);
    const group = within(screen.getByRole("group", { name: "Update every" }));
    expect(group.getAllByRole("button").map((button) => button.textContent)).toEqual(["1 s", "2 s", "5 s", "10 s", "30 s"]);
    await user.click(group.getByRole("button", { name: "5 s" }));
    expect(systemMonitorStore.getState().updateInterval).toBe(5);
    expect(group.getByRole("button", { name: "5 s" })).toHaveAttribute("aria-pressed", "true");
  });
});

describe("fullness", () => {
  const fs = { mount_point: "/", total: 100 * GIB, used: 50 * GIB, free: 50 * GIB, percent: 50 };
  const shrinking = (perSecond: number) => {
    const x = Float64Array.from({ length: 60 }, (_, i) => i * 2);
    return { x, lines: [x.map((t) => 60 * GIB - t * perSecond)] };
  };

  it("says when it fills up at the present pace, and nothing of what is far off", () => {
    expect(fullness(fs, shrinking(50 * 1024 ** 2))).toMatch(/^fills up in about 17\smin/);
    expect(fullness(fs, shrinking(1024))).toBeNull();
    expect(fullness(fs, undefined)).toBeNull();
  });

  it("says nearly full and full", () => {
    expect(fullness({ ...fs, percent: 93 }, undefined)).toBe("nearly full");
    expect(fullness({ ...fs, percent: 93 }, shrinking(50 * 1024 ** 2))).toMatch(/^nearly full, and fills up in/);
    expect(fullness({ ...fs, free: 0, percent: 100 }, undefined)).toMatch(/^full/);
  });

  it("is told apart from unknown and from none", () => {
    const { rerender } = render(<Filesystems filesystems={null} freeSpace={{}} />);
    expect(screen.getByText("–")).toBeInTheDocument();
    rerender(<Filesystems filesystems={[]} freeSpace={{}} />);
    expect(screen.getByText(/None that holds files/)).toBeInTheDocument();
  });
});

describe("unattributedBytes", () => {
  it("is what no process explains, and unknown where one can't be read", () => {
    expect(unattributedBytes(gpu({ memory_used: 10, processes: [{ pid: 1, memory_bytes: 4 }] }))).toBe(6);
    expect(unattributedBytes(gpu({ memory_used: 3, processes: [{ pid: 1, memory_bytes: 4 }] }))).toBe(0);
    expect(unattributedBytes(gpu({ memory_used: 10, processes: [{ pid: 1, memory_bytes: null }] }))).toBeNull();
    expect(unattributedBytes(gpu({ processes: null }))).toBeNull();
  });
});
