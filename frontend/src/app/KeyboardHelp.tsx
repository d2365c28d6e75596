import { useEffect, useRef } from "react";

const KEYS = [
  ["/", "to the filter"],
  ["Esc", "clear the filter, close what is open"],
  ["g o", "Operations"],
  ["g t", "Trainings"],
  ["g s", "System Monitor"],
  ["?", "this help"],
] as const;

export function KeyboardHelp({ onClose }: { onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => {
      element?.close();
    };
  }, []);
  return (
    <dialog ref={dialog} onClose={onClose} aria-label="Keyboard" className="panel w-[min(340px,calc(100vw-32px))] p-0 text-fg shadow-xl">
      <div className="px-5 pt-4 pb-5">
        <h2 className="mb-3 text-base font-semibold">Keyboard</h2>
        <dl className="grid grid-cols-[auto_1fr] gap-x-4 gap-y-2 text-sm">
          {KEYS.map(([key, does]) => (
            <div key={key} className="contents">
              <dt>
                {key.split(" ").map((part) => (
                  <kbd key={part} className="mr-1 inline-block min-w-6 rounded border border-line bg-raised px-1.5 text-center font-sans text-xs leading-5">
                    {part}
                  </kbd>
                ))}
              </dt>
              <dd className="text-muted">{does}</dd>
            </div>
          ))}
        </dl>
        <button type="button" className="button mt-5 w-full justify-center" onClick={onClose}>
          Close
        </button>
      </div>
    </dialog>
  );
}
