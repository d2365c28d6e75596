import { act, render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { SystemMonitor } from "@/features/system-monitor/SystemMonitor";
import { useShownSubject } from "@/lib/pageTitle";
import type { HostInfo } from "@/lib/types/system";
import { hostsStore } from "@/stores/hostsStore";
import { operationsStore } from "@/stores/operationsStore";
import { systemMonitorStore } from "@/stores/systemMonitorStore";
import { systemRangeStore } from "@/stores/systemRangeStore";
import { Peer } from "../support/peer";
import { cpu, gpu, host, memory, operation } from "../support/samples";

/** jsdom draws nothing: no chart comes into sight. */
class OutOfSight {
  observe() {}
  disconnect() {}
}

let peer: Peer;
let second = 0;

const OWN = host("box", { server: true, gpus: [0] });
const lists = (...others: HostInfo[]) => peer.rest.set("/system/hosts", { items: [OWN, ...others] });
const remoteChannels = () => peer.client.subscriptions().filter((name) => name.startsWith("hosts/")).sort();
const selector = () => screen.findByRole("button", { name: /^Machine: / });
const cpuPercent = () => screen.getByTestId("cpu-percent").textContent?.replace(/\s/g, " ");
const Subject = () => <output aria-label="subject">{useShownSubject()}</output>;

beforeEach(async () => {
  second += 100;
  vi.stubGlobal("IntersectionObserver", OutOfSight);
  window.history.replaceState(null, "", "/system");
  systemMonitorStore.setState(systemMonitorStore.getInitialState(), true);
  systemRangeStore.setState(systemRangeStore.getInitialState(), true);
  operationsStore.setState(operationsStore.getInitialState(), true);
  hostsStore.setState(hostsStore.getInitialState(), true);
  peer = new Peer();
  await peer.start();
  peer.rest.set("/system/metrics", (query: URLSearchParams) => {
    const of = query.get("host") ?? "";
    const mine = { host: of, ts: cpu(second).ts };
    return { [`hosts/${of}/cpu`]: { ...cpu(second, of === "box2" ? 72 : 73), ...mine }, [`hosts/${of}/memory`]: { ...memory(second), ...mine }, gpu_reason: `no NVML on ${of}` };
  });
  peer.rest.set("/system/history", (query: URLSearchParams) =>
    query.has("window") ? { interval_seconds: 2, channels: {} } : { host: query.get("host"), from: query.get("from"), to: query.get("to"), resolution_seconds: 60, source: "disk", items: [] },
  );
  systemMonitorStore.getState().updateCPUMetricsFromWebSocket(cpu(second, 50));
});
afterEach(async () => {
  await peer.stop();
});

describe("a server's only machine", () => {
  it("has no selector, nor has one of a server that knows no machines", async () => {
    lists();
    render(<SystemMonitor />);
    await vi.waitFor(() => {
      expect(hostsStore.getState().hosts).toHaveLength(1);
    });
    expect(screen.queryByTestId("host-selector")).toBeNull();
    expect(screen.getByText("box")).toBeInTheDocument();
    act(() => {
      hostsStore.setState({ hosts: null, error: "nothing at /system/hosts" });
    });
    expect(screen.queryByTestId("host-selector")).toBeNull();
    expect(cpuPercent()).toBe("50.0 %");
    expect(screen.queryByRole("alert")).toBeNull();
  });
});

describe("one of several machines", () => {
  it("is chosen from a menu that says of each how it is, and is in the address", async () => {
    const user = userEvent.setup();
    lists(host("box2", { gpus: [0, 1] }), host("box3", { live: false, seen_at: "2026-01-01T11:40:00Z" }));
    render(
      <>
        <SystemMonitor />
        <Subject />
      </>,
    );
    const button = await selector();
    expect(button).toHaveAccessibleName("Machine: box, live");
    expect(remoteChannels()).toEqual([]);
    await user.click(button);
    const items = screen.getAllByRole("menuitemradio");
    expect(items.map((item) => item.textContent)).toEqual(["boxlivethe server's own · 1 GPU", "box2live2 GPUs", expect.stringMatching(/^box3no data since .*:40no GPU$/)]);
    expect(items.map((item) => item.getAttribute("aria-checked"))).toEqual(["true", "false", "false"]);
    expect(items[0]).toHaveFocus();
    await user.keyboard("{ArrowDown}{Enter}");
    expect(window.location.search).toBe("?host=box2");
    expect(await selector()).toHaveAccessibleName("Machine: box2, live");
    expect(await selector()).toHaveFocus();
    await vi.waitFor(() => {
      expect(cpuPercent()).toBe("72.0 %");
    });
    expect(screen.getByTestId("no-gpu")).toHaveTextContent("None: no NVML on box2");
    expect(screen.getByLabelText("subject")).toHaveTextContent("box2");
    expect(screen.queryByTestId("silent-host")).toBeNull();
    // And back: the address names none.
    await user.click(await selector());
    await user.keyboard("{Home}{Enter}");
    expect(window.location.search).toBe("");
    expect(cpuPercent()).toBe("50.0 %");
    expect(screen.getByLabelText("subject")).toHaveTextContent("");
    expect(remoteChannels()).toEqual([]);
  });

  it("goes on live, and gives way to another one without a trace of it", async () => {
    const user = userEvent.setup();
    lists(host("box2", { gpus: [0] }), host("box3"));
    window.history.replaceState(null, "", "/system?host=box2");
    const { unmount } = render(<SystemMonitor />);
    await vi.waitFor(() => {
      expect(peer.subscribes.map(({ channel }) => channel)).toContain("hosts/box2/gpu-0");
      expect(screen.getByTestId("cpu-percent")).toHaveTextContent("72.0");
    });
    peer.publish("hosts/box2/cpu", "system:metrics", { ...cpu(0, 99), host: "box2" });
    peer.publish("hosts/box2/gpu-0", "system:metrics", { ...gpu(0), host: "box2" });
    await vi.waitFor(() => {
      expect(cpuPercent()).toBe("99.0 %");
      expect(screen.getByTestId("panel-gpu-0")).toHaveTextContent("NVIDIA H100");
    });
    await user.click(await selector());
    await user.click(screen.getByRole("menuitemradio", { name: /box3/ }));
    expect(screen.queryByTestId("panel-gpu-0")).toBeNull();
    expect(cpuPercent()).not.toBe("99.0 %");
    await vi.waitFor(() => {
      expect(cpuPercent()).toBe("73.0 %");
    });
    expect(remoteChannels()).toEqual(["hosts/box3/cpu", "hosts/box3/disk", "hosts/box3/memory", "hosts/box3/network"]);
    unmount();
    expect(remoteChannels()).toEqual([]);
  });

  it("that has gone silent is shown with what it was, and since when", async () => {
    lists(host("box2", { live: false, seen_at: "2026-01-01T11:40:00Z" }));
    window.history.replaceState(null, "", "/system?host=box2");
    render(<SystemMonitor />);
    expect(await screen.findByTestId("silent-host")).toHaveTextContent(/^No data from box2 since .*:40:00.* ago: what is shown is of then\.$/);
    await vi.waitFor(() => {
      expect(cpuPercent()).toBe("72.0 %");
    });
    expect(await selector()).toHaveAccessibleName(/^Machine: box2, no data since/);
  });

  it("that nobody knows is said so, and there is a way back", async () => {
    const user = userEvent.setup();
    lists(host("box2"));
    window.history.replaceState(null, "", "/system?range=6h&host=box9");
    render(<SystemMonitor />);
    expect(await screen.findByTestId("unknown-host")).toHaveTextContent("No machine called box9 reports to this server");
    expect(screen.queryByTestId("panel-cpu")).toBeNull();
    expect(await selector()).toHaveAccessibleName("Machine: choose one");
    expect(peer.requests.some((request) => request.includes("box9"))).toBe(false);
    await user.click(screen.getByRole("button", { name: "Show the server's own machine" }));
    expect(window.location.search).toBe("?range=6h");
    expect(screen.getByTestId("panel-cpu")).toBeInTheDocument();
  });

  it("can't be told while the list can't be read, which is tried again when told to", async () => {
    const user = userEvent.setup();
    window.history.replaceState(null, "", "/system?host=box2");
    render(<SystemMonitor />);
    expect(await screen.findByRole("alert")).toHaveTextContent("Whether box2 reports can't be read: nothing at /system/hosts");
    lists(host("box2"));
    await user.click(screen.getByRole("button", { name: "Try again" }));
    await vi.waitFor(() => {
      expect(cpuPercent()).toBe("72.0 %");
    });
    expect(await selector()).toHaveAccessibleName("Machine: box2, live");
    // What could not be read anew is not claimed to be live.
    peer.rest.delete("/system/hosts");
    await act(() => hostsStore.getState().fetchHosts());
    expect(await selector()).toHaveAccessibleName("Machine: box2, not known now");
  });

  it("is asked for by name over a longer time, and its memory is divided among its own jobs", async () => {
    lists(host("box2"));
    const uses = (rss_bytes: number) => ({ resources: { job_id: "", source: "measured" as const, processes: 1, cpu_percent: 1, rss_bytes, read_bytes_per_s: 0, write_bytes_per_s: 0, gpus: null } });
    operationsStore.getState().applyOperations([operation({ id: "job_1", ...uses(10) }), operation({ id: "job_2", host: "box2", ...uses(25) })]);
    window.history.replaceState(null, "", "/system?range=6h&host=box2");
    render(<SystemMonitor />);
    await vi.waitFor(() => {
      expect(peer.requests.some((request) => /\/system\/history\?from=.*&host=box2/.test(request))).toBe(true);
      expect(within(screen.getByLabelText("What the memory is used for")).getByText("jobs").parentElement?.nextSibling).toHaveTextContent(/^25\sB$/);
    });
    expect(peer.client.subscriptions()).toContain("jobs/job_2/resources");
    expect(peer.client.subscriptions()).not.toContain("jobs/job_1/resources");
  });
});
