/** How the data comes, and how old the newest is; asked, it says so of each channel. */
import { useEffect, useRef, useState } from "react";
import { useSystemMonitor } from "@/hooks/useStores";
import { age, UNKNOWN } from "@/lib/format";
import { connectionHealth } from "@/stores/systemMonitorStore";
import { ConnectionDetails } from "./ConnectionDetails";
import { CONNECTION_LOOK, type ConnectionWord } from "./connectionWords";

const TICK_MS = 250;

export function ConnectionIndicator() {
  const word = useSystemMonitor((state): ConnectionWord => (!state.isPolling && state.lastLiveAt === null ? "connecting" : connectionHealth(state)));
  const health = useSystemMonitor(connectionHealth);
  const [open, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);

  useEffect(() => {
    if (!open) return;
    const outside = (event: PointerEvent | FocusEvent) => {
      if (event.target instanceof Node && root.current?.contains(event.target) !== true) setOpen(false);
    };
    const escape = (event: KeyboardEvent) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      setOpen(false);
      button.current?.focus();
    };
    document.addEventListener("pointerdown", outside);
    document.addEventListener("focusin", outside);
    document.addEventListener("keydown", escape, true);
    return () => {
      document.removeEventListener("pointerdown", outside);
      document.removeEventListener("focusin", outside);
      document.removeEventListener("keydown", escape, true);
    };
  }, [open]);

  const look = CONNECTION_LOOK[word];
  return (
    <div ref={root} className="relative" data-testid="connection" data-state={health}>
      <button
        ref={button}
        type="button"
        aria-expanded={open}
        aria-controls="connection-details"
        aria-label={`Connection: ${word}`}
        title={look.hint}
        onClick={() => {
          setOpen(!open);
        }}
        className="flex h-7 items-center gap-2 rounded-md px-2 text-xs whitespace-nowrap hover:bg-raised"
      >
        <span className={`size-2 rounded-full ${look.dot}`} aria-hidden="true" />
        <span className={`font-medium ${look.text}`}>{word}</span>
        <Age />
      </button>
      <span role="status" className="sr-only">
        {look.spoken}
      </span>
      {open && <ConnectionDetails id="connection-details" word={word} />}
    </div>
  );
}

/** By itself, so that its ticking draws nothing else again. */
function Age() {
  const dataAt = useSystemMonitor((state) => state.lastDataAt);
  const [now, setNow] = useState(() => performance.now());
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden) setNow(performance.now());
    }, TICK_MS);
    return () => {
      clearInterval(timer);
    };
  }, []);
  return <span className="inline-block min-w-[5.5ch] text-right text-muted">{dataAt === null ? UNKNOWN : age(Math.max(0, now - dataAt))}</span>;
}
