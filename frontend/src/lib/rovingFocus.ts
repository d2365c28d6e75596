/**
 * Moving between the cards and rows of a page with single keys. What an item is goes by what it is made of, so that a new page needs
 * nothing: articles, rows of tables, list items of a job, and whatever says `data-item`.
 */
const ITEMS = "[data-item], article, tbody tr, li[data-job-id]";

/** Where the focus was when its item went away, as a finished job's card does. */
let lastIndex = -1;

function isSeen(element: HTMLElement): boolean {
  if (element.closest(".sr-only, [aria-hidden=true], [hidden], [inert]") !== null) return false;
  return typeof element.checkVisibility !== "function" || element.checkVisibility();
}

export function itemsIn(root: ParentNode): HTMLElement[] {
  return [...root.querySelectorAll<HTMLElement>(ITEMS)].filter(isSeen);
}

/** The item that has the focus, or in which it is. */
export function focusedItem(root: ParentNode): HTMLElement | null {
  const item = document.activeElement?.closest<HTMLElement>(ITEMS) ?? null;
  return item !== null && root.contains(item) ? item : null;
}

/** Focuses the next item, or the one before; false if there is none at all. */
export function moveFocus(root: ParentNode, by: 1 | -1): boolean {
  const items = itemsIn(root);
  if (items.length === 0) return false;
  const here = focusedItem(root);
  const at = here === null ? -1 : items.indexOf(here);
  let to: number;
  if (at >= 0) to = at + by;
  // Its item has gone: what followed it stands in its place now.
  else if (document.activeElement === document.body && lastIndex >= 0) to = by > 0 ? lastIndex : lastIndex - 1;
  else to = by > 0 ? 0 : items.length - 1;
  lastIndex = Math.min(Math.max(to, 0), items.length - 1);
  const item = items[lastIndex];
  if (item === undefined) return false;
  if (item.tabIndex < 0) item.tabIndex = -1;
  item.focus({ preventScroll: true });
  item.scrollIntoView({ block: "nearest" });
  return true;
}

/** For another page, which begins anew. */
export function forgetFocus(): void {
  lastIndex = -1;
}

/** Opens the item that has the focus by its first link, or what unfolds it; false if it has neither, or none has the focus. */
export function openFocused(root: ParentNode): boolean {
  const item = focusedItem(root);
  if (item === null || item !== document.activeElement) return false;
  const opener = item.querySelector<HTMLElement>("[data-open]") ?? item.querySelector<HTMLElement>("a[href], summary, button[aria-expanded]");
  opener?.click();
  return opener !== null;
}

/** Leaves the item; false if none has the focus. */
export function leaveFocused(root: ParentNode): boolean {
  const item = focusedItem(root);
  if (item === null || item !== document.activeElement) return false;
  item.blur();
  lastIndex = -1;
  return true;
}
