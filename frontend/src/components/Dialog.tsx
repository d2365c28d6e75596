/** A modal dialog that is open as long as it is there. The browser keeps the focus in it, and gives it back to where it was. */
import { useEffect, useRef, type ReactNode } from "react";

interface Props {
  label: string;
  onClose: () => void;
  /** Esc was pressed; true: it meant something else than closing. */
  onEscape?: () => boolean;
  className?: string;
  children: ReactNode;
}

export function Dialog({ label, onClose, onEscape, className = "", children }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => {
      element?.close();
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      aria-label={label}
      onCancel={(event) => {
        if (onEscape?.() === true) event.preventDefault();
      }}
      onClose={(event) => {
        // The event comes late: an effect that React runs twice may have opened it again.
        if (!event.currentTarget.open) onClose();
      }}
      onClick={(event) => {
        // The backdrop is the dialog's own area.
        if (event.target === event.currentTarget) onClose();
      }}
      className={`panel p-0 text-fg shadow-xl ${className}`}
    >
      {children}
    </dialog>
  );
}
