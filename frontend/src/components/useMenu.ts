/** What a menu does: arrows move, Esc closes and gives the focus back, and so does a choice; a press outside closes. */
import { useEffect, useRef, useState, type KeyboardEvent, type RefObject } from "react";

export interface MenuState {
  open: boolean;
  root: RefObject<HTMLDivElement | null>;
  button: RefObject<HTMLButtonElement | null>;
  onKeyDown: (event: KeyboardEvent) => void;
  toggle: () => void;
  close: () => void;
}

const ITEM = "[role^=menuitem]";

export function useMenu(): MenuState {
  const [open, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const choices = () => [...(root.current?.querySelectorAll<HTMLElement>(ITEM) ?? [])];

  useEffect(() => {
    if (!open) return;
    const first = root.current?.querySelector<HTMLElement>(`${ITEM}[aria-checked=true]`) ?? root.current?.querySelector<HTMLElement>(ITEM);
    first?.focus();
    const outside = (event: PointerEvent) => {
      if (event.target instanceof Node && root.current?.contains(event.target) !== true) setOpen(false);
    };
    document.addEventListener("pointerdown", outside);
    return () => {
      document.removeEventListener("pointerdown", outside);
    };
  }, [open]);

  const close = () => {
    setOpen(false);
    button.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (!open) return;
    const all = choices();
    const at = all.findIndex((each) => each === document.activeElement);
    if (event.key === "Escape") close();
    else if (event.key === "Tab") setOpen(false);
    else if (event.key === "ArrowDown") all[(at + 1) % all.length]?.focus();
    else if (event.key === "ArrowUp") all[(at - 1 + all.length) % all.length]?.focus();
    else if (event.key === "Home") all[0]?.focus();
    else if (event.key === "End") all[all.length - 1]?.focus();
    else return;
    if (event.key !== "Tab") {
      event.preventDefault();
      event.stopPropagation();
    }
  };
  const toggle = () => {
    setOpen(!open);
  };
  return { open, root, button, onKeyDown, toggle, close };
}
