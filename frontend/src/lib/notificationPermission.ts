/** Whether this browser may show notifications of this page. Only a click may ask for it. */
import { useCallback, useState } from "react";

export type NotificationState = NotificationPermission | "unsupported" | "insecure";

export function notificationState(): NotificationState {
  // Browsers give it to pages over HTTPS and from the machine itself only.
  if (window.isSecureContext === false) return "insecure";
  return typeof Notification === "function" ? Notification.permission : "unsupported";
}

export function useNotificationPermission(): [NotificationState, () => Promise<NotificationState>] {
  const [state, setState] = useState(notificationState);
  const ask = useCallback(async () => {
    if (typeof Notification === "function") await Notification.requestPermission();
    const answer = notificationState();
    setState(answer);
    return answer;
  }, []);
  return [state, ask];
}
