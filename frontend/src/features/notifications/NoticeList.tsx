import { useEffect, useRef } from "react";
import { Icon, type IconName } from "@/components/Icon";
import { Link } from "@/components/Link";
import { useNotices } from "@/hooks/useStores";
import { useNow } from "@/hooks/useNow";
import * as f from "@/lib/format";
import type { Notice, NoticeKind } from "@/lib/notices";
import { notificationsStore } from "@/stores/notificationsStore";
import { OutsideChoice } from "./OutsideChoice";

export const LOOK: Record<NoticeKind, { icon: IconName; tone: string }> = {
  completed: { icon: "check", tone: "text-green" },
  failed: { icon: "alert", tone: "text-red" },
  stalled: { icon: "alert", tone: "text-amber" },
  cancelled: { icon: "close", tone: "text-muted" },
};

/** What happened, newest first; what has not been seen before stands out. */
export function NoticeList({ onClose }: { onClose: () => void }) {
  const notices = useNotices((state) => state.notices);
  const now = useNow(30_000);
  const panel = useRef<HTMLDivElement>(null);
  useEffect(() => {
    panel.current?.focus();
  }, []);
  return (
    <div
      ref={panel}
      role="dialog"
      aria-label="Notifications"
      tabIndex={-1}
      className="panel fixed inset-x-2 top-12 z-30 flex max-h-[min(520px,calc(100dvh-72px))] flex-col shadow-lg outline-none sm:absolute sm:inset-x-auto sm:top-9 sm:right-0 sm:w-96"
    >
      <div className="flex min-h-11 items-center gap-3 border-b border-line px-4">
        <h2 className="flex-1 text-sm font-semibold">Notifications</h2>
        {notices.length > 0 && (
          <button
            type="button"
            className="button"
            onClick={() => {
              notificationsStore.getState().clear();
              panel.current?.focus();
            }}
          >
            Clear
          </button>
        )}
      </div>
      {notices.length === 0 ? (
        <p className="px-4 py-6 text-center text-sm text-muted">Nothing yet. Jobs that end or fall silent are told here.</p>
      ) : (
        <ul className="min-h-0 flex-1 overflow-y-auto">
          {notices.map((notice) => (
            <NoticeRow key={notice.id} notice={notice} now={now} onOpen={onClose} />
          ))}
        </ul>
      )}
      <OutsideChoice />
    </div>
  );
}

function NoticeRow({ notice, now, onOpen }: { notice: Notice; now: number; onOpen: () => void }) {
  const { icon, tone } = LOOK[notice.kind];
  return (
    <li className="border-t border-line first:border-t-0" data-testid="notice" data-kind={notice.kind}>
      <Link href={notice.href} onClick={onOpen} className={`flex gap-2.5 px-4 py-2 hover:bg-raised ${notice.read ? "" : "bg-accent-soft/40"}`}>
        <Icon name={icon} size={14} className={`mt-[3px] ${tone}`} />
        <span className="min-w-0 flex-1">
          <span className="flex items-baseline gap-2">
            <span className="truncate text-sm font-medium">{notice.title}</span>
            <span className={`shrink-0 text-xs ${tone}`}>{notice.kind}</span>
            <span className="ml-auto shrink-0 text-xs text-faint" title={f.fullTime(notice.at)}>
              {f.time(notice.at, now)}
            </span>
          </span>
          {notice.detail !== null && <span className="line-clamp-2 text-xs break-words text-muted">{notice.detail}</span>}
        </span>
      </Link>
    </li>
  );
}
