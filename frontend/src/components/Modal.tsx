/** A dialog around a form of any shape: its title, what it is about, its fields, and one button that starts it. */
import { useEffect, useId, useRef, type ReactNode } from "react";

interface Props {
  title: string;
  text: ReactNode;
  submit: string;
  busy: boolean;
  /** On the button meanwhile. */
  doing?: string;
  /** What is wrong with none of the fields in particular. */
  problem: string | null;
  /** Beside the buttons: what starting it will take. */
  footer?: ReactNode;
  onSubmit: () => void;
  onClose: () => void;
  children: ReactNode;
}

export function Modal({ title, text, submit, busy, doing = "Starting…", problem, footer, onSubmit, onClose, children }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useEffect(() => {
    const element = dialog.current;
    const before = document.activeElement;
    element?.showModal();
    return () => {
      element?.close();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      aria-labelledby={titleId}
      onClose={onClose}
      className="panel max-h-[calc(100dvh-32px)] w-[min(520px,calc(100vw-32px))] overflow-auto p-0 text-fg shadow-xl"
    >
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          onSubmit();
        }}
      >
        <div className="px-5 pt-4 pb-4">
          <h2 id={titleId} className="text-base font-semibold break-words">
            {title}
          </h2>
          <p className="mt-1 text-sm text-muted">{text}</p>
          <div className="mt-4 grid grid-cols-2 gap-x-3 gap-y-4">{children}</div>
          {problem !== null && (
            <p role="alert" className="mt-3 text-sm break-words text-red">
              {problem}
            </p>
          )}
        </div>
        <div className="sticky bottom-0 flex flex-wrap items-center justify-end gap-2 border-t border-line bg-panel px-5 py-3">
          <div className="min-w-0 flex-1 basis-48 text-xs text-muted">{footer}</div>
          <button type="button" className="button" onClick={onClose}>
            Close
          </button>
          <button type="submit" className="button button-primary" disabled={busy}>
            {busy ? doing : submit}
          </button>
        </div>
      </form>
    </dialog>
  );
}
