/**
 * Tells of jobs that end or fall silent, from the channel `operations`. What the page is told on subscribing is no news; what
 * happened while the connection was away is listed and not announced.
 */
import { useEffect, useState } from "react";
import { serverNow } from "@/lib/clock";
import { noticeOf, type Notice } from "@/lib/notices";
import { isOwnCancel } from "@/lib/ownCancels";
import { navigate } from "@/lib/router";
import { liveSocket, type EventInfo } from "@/lib/socket";
import type { Operation } from "@/lib/types/job";
import { notificationsStore } from "@/stores/notificationsStore";

const OLD_MS = 15_000;

/** Outside the page, while nobody looks at it and only if both the user and the browser want it. */
function notifyOutside(notice: Notice): void {
  if (!document.hidden || !notificationsStore.getState().outside) return;
  if (!("Notification" in window) || Notification.permission !== "granted") return;
  try {
    const shown = new Notification(`${notice.title} ${notice.kind}`, { body: notice.detail ?? "", tag: notice.id });
    shown.onclick = () => {
      window.focus();
      navigate(notice.href);
      shown.close();
    };
  } catch {
    // Some browsers allow it from a service worker only; the list has it.
  }
}

function take(job: Operation & { ts: string }, info: EventInfo): void {
  if (info.snapshot) return;
  const notice = noticeOf(job, isOwnCancel(job.id));
  if (notice === null) return;
  const old = serverNow() - Date.parse(job.ts) > OLD_MS;
  const news = notificationsStore.getState().add(notice, old || notice.kind === "cancelled");
  if (news && !old && notice.kind !== "cancelled") notifyOutside(notice);
}

export function useNotifications(): void {
  const [socket] = useState(liveSocket);
  useEffect(() => {
    const onStorage = () => {
      notificationsStore.getState().reload();
    };
    window.addEventListener("storage", onStorage);
    const release = socket.subscribe("operations", {
      "operation:finished": take,
      "operation:updated": (job, info) => {
        if (job.status === "stalled") take(job, info);
      },
    });
    return () => {
      window.removeEventListener("storage", onStorage);
      release();
    };
  }, [socket]);
}
