import { act, render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ConnectionIndicator } from "@/app/ConnectionIndicator";
import { systemMonitorStore } from "@/stores/systemMonitorStore";
import { Peer } from "../support/peer";
import { cpu } from "../support/samples";

let peer: Peer;

beforeEach(async () => {
  systemMonitorStore.setState(systemMonitorStore.getInitialState(), true);
  peer = new Peer();
  await peer.start();
});
afterEach(async () => {
  await peer.stop();
});

const state = () => screen.getByTestId("connection").getAttribute("data-state");
const now = () => performance.now();

describe("ConnectionIndicator", () => {
  it("says connecting, live, polling and offline, each in words of its own", () => {
    render(<ConnectionIndicator />);
    const said = () => [screen.getByRole("button").getAttribute("aria-label"), screen.getByRole("status").textContent];
    expect(said()).toEqual(["Connection: connecting", "Connecting"]);
    act(() => {
      systemMonitorStore.setState({ isWebSocketConnected: true, lastLiveAt: now(), lastDataAt: now() });
    });
    expect([state(), ...said()]).toEqual(["live", "Connection: live", "Live data"]);
    act(() => {
      systemMonitorStore.setState({ isPolling: true });
    });
    expect([state(), ...said()]).toEqual(["polling", "Connection: polling", "No live data, asking at intervals"]);
    act(() => {
      systemMonitorStore.setState({ pollFailed: true });
    });
    expect([state(), ...said()]).toEqual(["offline", "Connection: offline", "Offline: what is shown is old"]);
  });

  it("shows the age of the newest data, and none where there is none", () => {
    render(<ConnectionIndicator />);
    expect(screen.getByRole("button")).toHaveTextContent("connecting–");
    act(() => {
      systemMonitorStore.setState({ isWebSocketConnected: true, lastLiveAt: now(), lastDataAt: now() - 30_000 });
    });
    expect(screen.getByRole("button")).toHaveTextContent(/live30\ss/);
  });

  it("opens to each channel's age, the failures and what the word means", async () => {
    const user = userEvent.setup();
    const release = [
      peer.client.subscribe("system/cpu", {}, { every: () => 2 }),
      peer.client.subscribe("operations", {}),
      peer.client.subscribe("jobs/job_1/resources", {}),
    ];
    await vi.waitFor(() => {
      expect(peer.subscribes).toHaveLength(3);
    });
    peer.publish("system/cpu", "system:metrics", cpu(0));
    await vi.waitFor(() => {
      expect(peer.client.ages()[0]?.heardAt).not.toBeNull();
    });
    systemMonitorStore.setState({ isPolling: true, consecutiveWebSocketFailures: 4, lastDataAt: now() });
    render(<ConnectionIndicator />);
    await user.click(screen.getByRole("button", { name: "Connection: polling" }));
    const details = within(screen.getByRole("group", { name: "Connection" }));
    expect(details.getByText(/asks the server at intervals/)).toBeInTheDocument();
    expect(details.getByTestId("connection-failures")).toHaveTextContent("4");
    const row = (name: string) => details.getByRole("rowheader", { name }).closest("tr");
    expect(row("system/cpu")).toHaveTextContent(/ ago.*every 2 s/);
    expect(row("operations")).toHaveTextContent("no change yet");
    expect(row("1 of single jobs")).toBeInTheDocument();
    for (const each of release) each();
  });

  it("closes by Escape, which gives the focus back, and by a click elsewhere", async () => {
    const user = userEvent.setup();
    render(
      <>
        <ConnectionIndicator />
        <button type="button">elsewhere</button>
      </>,
    );
    const button = screen.getByRole("button", { name: /Connection/ });
    await user.click(button);
    expect(button).toHaveAttribute("aria-expanded", "true");
    await user.keyboard("{Escape}");
    expect(screen.queryByRole("group")).toBeNull();
    expect(button).toHaveFocus();
    await user.click(button);
    await user.click(screen.getByRole("button", { name: "elsewhere" }));
    expect(screen.queryByRole("group")).toBeNull();
  });
});
