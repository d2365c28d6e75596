/** A phone's other pages, from the bottom, where the thumb is. */
import { Dialog } from "@/components/Dialog";
import { Icon } from "@/components/Icon";
import { Link } from "@/components/Link";
import type { Entry } from "./routes";

interface Props {
  entries: Entry[];
  section: string | null;
  onClose: () => void;
}

export function MoreSheet({ entries, section, onClose }: Props) {
  return (
    <Dialog label="More pages" onClose={onClose} className="mx-0 mt-auto mb-0 w-full max-w-none rounded-b-none pb-[env(safe-area-inset-bottom)]">
      <ul className="p-2">
        {entries.map(({ href, word, icon }) => (
          <li key={href}>
            <Link
              href={href}
              aria-current={section === href ? "page" : undefined}
              onClick={onClose}
              className={`flex h-12 items-center gap-3 rounded-md px-3 text-base ${section === href ? "bg-raised font-medium" : ""}`}
            >
              <Icon name={icon} className={section === href ? "text-accent" : "text-muted"} />
              {word}
            </Link>
          </li>
        ))}
      </ul>
      <div className="border-t border-line p-2">
        <button type="button" className="h-12 w-full rounded-md text-sm text-muted" onClick={onClose}>
          Close
        </button>
      </div>
    </Dialog>
  );
}
