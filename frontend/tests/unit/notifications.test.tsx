import { act, render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Notifications } from "@/features/notifications/Notifications";
import { noteServerTime } from "@/lib/clock";
import { noticeOf, spoken, type Notice } from "@/lib/notices";
import { isOwnCancel, noteOwnCancel } from "@/lib/ownCancels";
import type { Operation } from "@/lib/types/job";
import { createNotificationsStore, notificationsStore } from "@/stores/notificationsStore";
import { eventually } from "../support/eventually";
import { Peer } from "../support/peer";
import { operation } from "../support/samples";

const ended = (changes: Partial<Operation>): Operation => operation({ finished_at: "2026-01-01T12:02:05.000Z", ...changes });
const failure = ended({ status: "failed", error_type: "OOM", error_message: "no memory" });

function notice(changes: Partial<Notice> = {}): Notice {
  return { id: "job_1 failed 1 x", kind: "failed", title: "sae layer 2", detail: "Out of memory", href: "/jobs/job_1", at: "2026-01-01T12:02:05.000Z", read: false, ...changes };
}

describe("what is worth telling", () => {
  it("is an end, and silence; not progress, nor what was cancelled here", () => {
    expect(noticeOf(failure, false)).toMatchObject({ kind: "failed", title: "sae layer 2", detail: "Out of memory — no memory", href: "/trainings/trn_1" });
    expect(noticeOf(ended({ status: "completed", entity_type: null }), false)).toMatchObject({ kind: "completed", href: "/jobs/job_1" });
    expect(noticeOf(ended({ status: "completed" }), false)?.detail?.replace("\u202f", " ")).toBe("took 2 min 00\u202fs");
    expect(noticeOf(operation({ status: "stalled" }), false)).toMatchObject({ kind: "stalled", at: "2026-01-01T12:00:05.000Z" });
    expect(noticeOf(ended({ status: "cancelled" }), false)?.kind).toBe("cancelled");
    expect(noticeOf(ended({ status: "cancelled" }), true)).toBeNull();
    expect(noticeOf(operation(), false)).toBeNull();
  });

  it("is one sentence, however much happened", () => {
    expect(spoken([])).toBe("");
    expect(spoken([notice()])).toBe("sae layer 2 failed");
    expect(spoken([notice(), notice({ kind: "completed" }), notice({ kind: "completed" })])).toBe("Jobs: 1 failed, 2 completed");
  });

  it("leaves out what was cancelled from this browser, also after a reload", () => {
    expect(isOwnCancel("job_1")).toBe(false);
    noteOwnCancel("job_1");
    noteOwnCancel("job_2");
    expect([isOwnCancel("job_1"), isOwnCancel("job_3")]).toEqual([true, false]);
    localStorage.setItem("headway.ownCancels", "not json");
    expect(isOwnCancel("job_1")).toBe(false);
  });
});

describe("notificationsStore", () => {
  it("keeps each once, newest first, in the browser", () => {
    const store = createNotificationsStore();
    expect(store.getState().add(notice({ at: "2026-01-01T12:00:00.000Z" }), false)).toBe(true);
    expect(store.getState().add(notice(), false)).toBe(false);
    store.getState().add(notice({ id: "b", kind: "completed" }), true);
    const again = createNotificationsStore().getState();
    expect(again.notices.map((it) => it.id)).toEqual(["b", "job_1 failed 1 x"]);
    expect(again.toasts).toEqual([]);
    expect(store.getState().toasts).toHaveLength(1);
    expect(store.getState().unspoken).toHaveLength(2);
  });

  it("is read and cleared for every tab", () => {
    const one = createNotificationsStore();
    const other = createNotificationsStore();
    one.getState().add(notice(), false);
    one.getState().markRead();
    other.getState().reload();
    expect(other.getState().notices.map((it) => it.read)).toEqual([true]);
    other.getState().clear();
    other.getState().setOutside(true);
    one.getState().reload();
    expect(one.getState()).toMatchObject({ notices: [], outside: true });
  });

  it("takes nothing from the browser's store that isn't a notice", () => {
    localStorage.setItem("headway.notices", JSON.stringify([notice(), { id: 1 }, null, "x"]));
    expect(createNotificationsStore().getState().notices).toHaveLength(1);
    localStorage.setItem("headway.notices", "{");
    expect(createNotificationsStore().getState().notices).toEqual([]);
  });

  it("keeps no more than fifty", () => {
    const store = createNotificationsStore();
    for (let i = 0; i < 60; i += 1) store.getState().add(notice({ id: `n${i}`, at: new Date(i * 1000).toISOString() }), true);
    expect(store.getState().notices).toHaveLength(50);
    expect(store.getState().notices[0]?.id).toBe("n59");
  });
});

describe("Notifications", () => {
  let peer: Peer;
  beforeEach(async () => {
    notificationsStore.setState({ ...notificationsStore.getInitialState(), notices: [], toasts: [], unspoken: [] }, true);
    noteServerTime(new Date().toISOString());
    peer = new Peer();
    await peer.start();
  });
  afterEach(async () => {
    await peer.stop();
  });

  async function mounted() {
    render(<Notifications />);
    await eventually(() => {
      expect(peer.subscribes.map((it) => it.channel)).toContain("operations");
    });
  }
  const unread = () => screen.getByTestId("bell").dataset["unread"];
  async function isUnread(count: string) {
    await eventually(() => {
      expect(unread()).toBe(count);
    });
  }

  it("rings for what ends and what falls silent, with a toast for failures only", async () => {
    await mounted();
    act(() => {
      peer.publish("operations", "operation:finished", failure);
      peer.publish("operations", "operation:finished", ended({ id: "job_2", name: "other", status: "completed" }));
      peer.publish("operations", "operation:updated", operation({ id: "job_3", name: "silent", status: "stalled" }));
      peer.publish("operations", "operation:updated", operation({ id: "job_4", progress: 50 }));
    });
    await isUnread("3");
    expect(screen.getAllByTestId("toast").map((toast) => toast.textContent)).toEqual(["sae layer 2 failedOut of memory — no memory"]);
    await eventually(() => {
      expect(screen.getByTestId("spoken")).not.toBeEmptyDOMElement();
    });
    await userEvent.click(screen.getByRole("button", { name: "Close: sae layer 2 failed" }));
    expect(screen.queryByTestId("toast")).not.toBeInTheDocument();
  });

  it("tells nothing that was there before the page was [13]", async () => {
    peer.publish("operations", "operation:finished", failure);
    await mounted();
    act(() => {
      peer.publish("operations", "operation:finished", ended({ id: "job_2", status: "completed" }));
    });
    await isUnread("1");
    expect(screen.queryByTestId("toast")).not.toBeInTheDocument();
  });

  it("doesn't tell of a job that was cancelled here, and only lists one cancelled elsewhere", async () => {
    noteOwnCancel("job_1");
    await mounted();
    act(() => {
      peer.publish("operations", "operation:finished", ended({ status: "cancelled" }));
      peer.publish("operations", "operation:finished", ended({ id: "job_2", name: "elsewhere", status: "cancelled" }));
    });
    await isUnread("1");
    await userEvent.click(screen.getByTestId("bell"));
    expect(screen.getAllByTestId("notice").map((it) => it.textContent)).toEqual([expect.stringContaining("elsewherecancelled")]);
  });

  it("is read once it was open, closes by Escape and outside, and gives the focus back", async () => {
    notificationsStore.getState().add(notice(), true);
    await mounted();
    const bell = screen.getByRole("button", { name: "Notifications, 1 unread" });
    await userEvent.click(bell);
    expect(within(screen.getByRole("dialog", { name: "Notifications" })).getByRole("link")).toHaveAttribute("href", "/jobs/job_1");
    await userEvent.keyboard("{Escape}");
    expect(screen.queryByRole("dialog")).not.toBeInTheDocument();
    expect(bell).toHaveFocus();
    expect(unread()).toBe("0");
    await userEvent.click(bell);
    await userEvent.click(screen.getByRole("button", { name: "Clear" }));
    expect(screen.getByRole("dialog")).toHaveTextContent("Nothing yet");
    await userEvent.click(document.body);
    expect(screen.queryByRole("dialog")).not.toBeInTheDocument();
  });

  it("shows three toasts and counts the others", async () => {
    for (let i = 0; i < 5; i += 1) notificationsStore.getState().add(notice({ id: `n${i}` }), false);
    await mounted();
    expect(screen.getAllByTestId("toast")).toHaveLength(3);
    expect(screen.getByTestId("toasts")).toHaveTextContent("2 more failed");
    await userEvent.click(screen.getByRole("button", { name: "Close all" }));
    expect(screen.queryByTestId("toasts")).not.toBeInTheDocument();
  });

  it("notifies outside the page only when asked to, and while nobody looks", async () => {
    const shown: string[] = [];
    class Fake {
      static permission = "default";
      static requestPermission = () => {
        Fake.permission = "granted";
        return Promise.resolve("granted");
      };
      onclick: (() => void) | null = null;
      constructor(title: string) {
        shown.push(title);
      }
      close() {}
    }
    vi.stubGlobal("Notification", Fake);
    await mounted();
    await userEvent.click(screen.getByTestId("bell"));
    await userEvent.click(screen.getByRole("button", { name: "Tell me outside this page too" }));
    expect(await screen.findByRole("checkbox")).toBeChecked();
    act(() => {
      peer.publish("operations", "operation:finished", ended({ id: "seen", status: "completed" }));
    });
    await isUnread("1");
    expect(shown).toEqual([]);
    const hidden = vi.spyOn(document, "hidden", "get").mockReturnValue(true);
    act(() => {
      peer.publish("operations", "operation:finished", failure);
    });
    await eventually(() => {
      expect(shown).toEqual(["sae layer 2 failed"]);
    });
    await userEvent.click(screen.getByRole("checkbox"));
    act(() => {
      peer.publish("operations", "operation:finished", ended({ id: "later", status: "failed" }));
    });
    await isUnread("3");
    expect(shown).toHaveLength(1);
    hidden.mockRestore();
  });

  it("says where the browser shows none", async () => {
    await mounted();
    await userEvent.click(screen.getByTestId("bell"));
    expect(screen.getByRole("dialog")).toHaveTextContent("This browser shows no notifications outside the page.");
  });

  it("lists what happened while the connection was away, and announces none of it", async () => {
    await mounted();
    act(() => {
      peer.publish("operations", "operation:finished", ended({ id: "job_0", status: "completed" }));
    });
    await isUnread("1");
    peer.refuseSockets(true);
    peer.cut();
    peer.publish("operations", "operation:finished", failure, { lose: true });
    // The clock has gone on by a minute when the connection is back. (It never goes back: this is the last test here.)
    noteServerTime(new Date(Date.now() + 60_000).toISOString());
    peer.refuseSockets(false);
    await isUnread("2");
    expect(screen.queryByTestId("toast")).not.toBeInTheDocument();
  });
});
