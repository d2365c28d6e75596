/** Failures of now, over the page until they are put away. At most three; more are counted. */
import { createPortal } from "react-dom";
import { Icon } from "@/components/Icon";
import { Link } from "@/components/Link";
import { useNotices } from "@/hooks/useStores";
import { notificationsStore } from "@/stores/notificationsStore";

const SHOWN = 3;

export function Toasts() {
  const toasts = useNotices((state) => state.toasts);
  const { closeToast } = notificationsStore.getState();
  if (toasts.length === 0) return null;
  const shown = toasts.slice(-SHOWN);
  const more = toasts.length - shown.length;
  // Outside the header, whose blur would make it what "fixed" is measured from.
  return createPortal(
    <section className="fixed right-3 bottom-20 z-20 w-[min(360px,calc(100vw-24px))] md:right-6 md:bottom-6" aria-label="New failures" data-testid="toasts">
      <ul className="grid grid-cols-1 gap-2">
      {more > 0 && (
        <li className="panel flex items-center justify-between bg-raised py-1.5 pr-1.5 pl-4 text-sm shadow-lg">
          {more} more failed
          <button
            type="button"
            className="button"
            onClick={() => {
              for (const toast of toasts) closeToast(toast.id);
            }}
          >
            Close all
          </button>
        </li>
      )}
      {shown.map((toast) => (
        <li key={toast.id} className="panel flex items-start gap-2.5 border-red/40 bg-raised py-2 pr-1.5 pl-3.5 text-sm shadow-lg" data-testid="toast">
          <Icon name="alert" size={14} className="mt-[3px] text-red" />
          <Link
            href={toast.href}
            className="min-w-0 flex-1"
            onClick={() => {
              closeToast(toast.id);
            }}
          >
            <span className="block truncate font-medium">{toast.title} failed</span>
            {toast.detail !== null && <span className="line-clamp-2 text-xs break-words text-muted">{toast.detail}</span>}
          </Link>
          <button
            type="button"
            className="button button-icon"
            aria-label={`Close: ${toast.title} failed`}
            onClick={() => {
              closeToast(toast.id);
            }}
          >
            <Icon name="close" size={13} />
          </button>
        </li>
      ))}
      </ul>
    </section>,
    document.body,
  );
}
