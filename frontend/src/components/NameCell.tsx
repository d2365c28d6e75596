import { Link } from "./Link";

/** What a row of a table is about, as the way to its page, and beneath it where that lies or came from. */
export function NameCell({ href, name, path, hub, className }: { href: string; name: string; path: string; hub: string | null; className: string }) {
  return (
    <td className={`max-w-60 py-1.5 max-xl:max-w-48 ${className}`}>
      <Link href={href} className="block truncate font-medium hover:text-accent">
        {name}
      </Link>
      <div className="truncate text-2xs text-faint" title={path}>
        {hub === null ? <span className="font-mono">{path}</span> : `from the hub · ${hub}`}
      </div>
    </td>
  );
}
