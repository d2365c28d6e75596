/** The bell in the header with what it rings for: a list, toasts for failures, and a voice for who can't see either. */
import { useEffect, useRef, useState } from "react";
import { Icon } from "@/components/Icon";
import { useNotifications } from "@/hooks/useNotifications";
import { useNotices } from "@/hooks/useStores";
import { notificationsStore } from "@/stores/notificationsStore";
import { NoticeList } from "./NoticeList";
import { SpokenNotices } from "./SpokenNotices";
import { Toasts } from "./Toasts";

const SHOWN_MAX = 99;

export function Notifications() {
  useNotifications();
  const unread = useNotices((state) => state.notices.filter((notice) => !notice.read).length);
  const [open, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const bell = useRef<HTMLButtonElement>(null);

  useEffect(() => {
    if (!open) return;
    const outside = (event: PointerEvent) => {
      if (event.target instanceof Node && root.current?.contains(event.target) !== true) setOpen(false);
    };
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      setOpen(false);
      bell.current?.focus();
    };
    document.addEventListener("pointerdown", outside);
    document.addEventListener("keydown", onKey, true);
    return () => {
      document.removeEventListener("pointerdown", outside);
      document.removeEventListener("keydown", onKey, true);
      // What was shown has been seen.
      notificationsStore.getState().markRead();
    };
  }, [open]);

  return (
    <div ref={root} className="relative">
      <button
        ref={bell}
        type="button"
        className="button button-icon relative"
        aria-label={unread === 0 ? "Notifications" : `Notifications, ${unread} unread`}
        aria-expanded={open}
        data-testid="bell"
        data-unread={unread}
        onClick={() => {
          setOpen(!open);
        }}
      >
        <Icon name="bell" />
        {unread > 0 && (
          <span className="absolute -top-0.5 -right-1 min-w-4 rounded-full bg-accent px-1 text-center text-[10px] leading-4 font-semibold text-panel" aria-hidden="true">
            {unread > SHOWN_MAX ? `${SHOWN_MAX}+` : unread}
          </span>
        )}
      </button>
      {open && (
        <NoticeList
          onClose={() => {
            setOpen(false);
          }}
        />
      )}
      <Toasts />
      <SpokenNotices />
    </div>
  );
}
