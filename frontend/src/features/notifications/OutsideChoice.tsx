/** Whether the browser shows them while the page isn't looked at. It is asked only when the user says so. */
import { useState } from "react";
import { useNotices } from "@/hooks/useStores";
import { notificationsStore } from "@/stores/notificationsStore";

function permission(): NotificationPermission | "unsupported" {
  return "Notification" in window ? Notification.permission : "unsupported";
}

export function OutsideChoice() {
  const outside = useNotices((state) => state.outside);
  const [allowed, setAllowed] = useState(permission);
  const { setOutside } = notificationsStore.getState();
  const ask = async () => {
    const answer = await Notification.requestPermission();
    setAllowed(answer);
    if (answer === "granted") setOutside(true);
  };
  return (
    <div className="border-t border-line px-4 py-2.5 text-xs text-muted">
      {allowed === "unsupported" && "This browser shows no notifications outside the page."}
      {allowed === "denied" && "The browser refuses notifications of this page; its settings can allow them."}
      {allowed === "default" && (
        <button type="button" className="button" onClick={() => void ask()}>
          Tell me outside this page too
        </button>
      )}
      {allowed === "granted" && (
        <label className="flex items-center gap-2">
          <input
            type="checkbox"
            checked={outside}
            onChange={(event) => {
              setOutside(event.target.checked);
            }}
          />
          Tell me outside this page, while I don&rsquo;t look at it
        </label>
      )}
    </div>
  );
}
