/** How full each filesystem is, and when it will be at the present pace. */
import { Icon } from "@/components/Icon";
import { Meter } from "@/components/Meter";
import { secondsLeft } from "@/lib/forecast";
import * as f from "@/lib/format";
import type { RingView } from "@/lib/ring";
import type { Filesystem } from "@/lib/types/system";

const NEARLY_FULL = 90;
/** What lies further off than this is no warning. */
const SOON_S = 86_400;

/** What there is to worry about, or null. */
export function fullness(fs: Filesystem, seen: RingView | undefined): string | null {
  if (fs.free !== null && fs.free <= 0) return "full: nothing more can be written";
  const left = seen === undefined ? null : secondsLeft(seen.x, seen.lines[0] ?? [], fs.free);
  const full = fs.percent !== null && fs.percent >= NEARLY_FULL;
  if (left !== null && left < SOON_S) return `${full ? "nearly full, and " : ""}fills up in about ${f.roughly(left)} if it goes on as in the last minutes`;
  return full ? "nearly full" : null;
}

export function Filesystems({ filesystems, freeSpace }: { filesystems: Filesystem[] | null; freeSpace: Record<string, RingView> }) {
  return (
    <>
      <h3 className="caption mt-3 mb-1">Filesystems</h3>
      <ul className="grid gap-2" aria-label="Filesystems">
        {(filesystems ?? []).map((fs) => {
          const warning = fullness(fs, freeSpace[fs.mount_point]);
          return (
            <li key={fs.mount_point} className="text-xs" data-testid="filesystem" data-warning={warning !== null}>
              <div className="grid items-center gap-x-3 gap-y-1 max-sm:grid-cols-[minmax(0,1fr)_auto] sm:grid-cols-[minmax(40px,120px)_1fr_auto]">
                <span className="truncate font-mono text-muted" title={fs.mount_point}>
                  {fs.mount_point}
                </span>
                <Meter
                  className="h-1.5 max-sm:order-last max-sm:col-span-2"
                  label={`${fs.mount_point} used`}
                  value={fs.percent}
                  tone={warning === null ? "normal" : "warning"}
                />
                <span className="text-right whitespace-nowrap">
                  {f.percent(fs.percent)} · {f.bytes(fs.free)} free of {f.bytes(fs.total)}
                </span>
              </div>
              {warning !== null && (
                <p className="mt-0.5 flex items-center gap-1.5 font-medium text-amber">
                  <Icon name="alert" size={12} />
                  {warning}
                </p>
              )}
            </li>
          );
        })}
        {filesystems === null && <li className="text-xs text-muted">{f.UNKNOWN}</li>}
        {filesystems?.length === 0 && <li className="text-xs text-muted">None that holds files on this machine's disks.</li>}
      </ul>
    </>
  );
}
