/** Which columns are shown. */
import { useEffect, useId, useRef, useState } from "react";
import { Icon } from "@/components/Icon";
import { COLUMNS } from "@/lib/trainingTable/columns";

interface Props {
  shown: readonly string[];
  onChange: (keys: readonly string[]) => void;
  onReset: () => void;
}

export function ColumnPicker({ shown, onChange, onReset }: Props) {
  const [open, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const id = useId();

  useEffect(() => {
    if (!open) return;
    const onPointer = (event: PointerEvent) => {
      if (event.target instanceof Node && root.current?.contains(event.target) !== true) setOpen(false);
    };
    document.addEventListener("pointerdown", onPointer);
    return () => {
      document.removeEventListener("pointerdown", onPointer);
    };
  }, [open]);

  return (
    <div
      ref={root}
      className="relative"
      onKeyDown={(event) => {
        if (event.key !== "Escape" || !open) return;
        event.stopPropagation();
        setOpen(false);
        button.current?.focus();
      }}
    >
      <button
        ref={button}
        type="button"
        className="button h-7"
        aria-expanded={open}
        aria-controls={open ? id : undefined}
        onClick={() => {
          setOpen(!open);
        }}
      >
        <Icon name="settings" size={12} />
        <span className="max-sm:sr-only">Columns</span>
      </button>
      {open && (
        <div id={id} role="group" aria-label="Columns shown" className="panel absolute top-full right-0 z-30 mt-1.5 w-[min(400px,calc(100vw-32px))] p-3 shadow-xl max-sm:-right-24">
          <div className="grid grid-cols-2 gap-x-4">
            {COLUMNS.map(({ key, word, about }) => (
              <label key={key} className={`flex h-7 items-center gap-2 text-sm ${key === "name" ? "text-faint" : ""}`} title={about}>
                <input
                  type="checkbox"
                  className="checkbox"
                  checked={shown.includes(key)}
                  disabled={key === "name"}
                  onChange={(event) => {
                    onChange(event.target.checked ? [...shown, key] : shown.filter((other) => other !== key));
                  }}
                />
                {word}
              </label>
            ))}
          </div>
          <button type="button" className="button mt-2" onClick={onReset}>
            The usual ones
          </button>
        </div>
      )}
    </div>
  );
}
