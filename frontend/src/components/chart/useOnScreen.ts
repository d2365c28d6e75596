/** Whether an element is in sight, or nearly so: what is further away need not be drawn. */
import { useEffect, useState, type RefObject } from "react";

const NEAR = "300px 0px";

export function useOnScreen(element: RefObject<Element | null>): boolean {
  const observed = typeof IntersectionObserver === "function";
  const [onScreen, setOnScreen] = useState(!observed);
  useEffect(() => {
    const { current } = element;
    if (!observed || current === null) return;
    const observer = new IntersectionObserver(
      (entries) => {
        setOnScreen(entries[entries.length - 1]?.isIntersecting === true);
      },
      { rootMargin: NEAR },
    );
    observer.observe(current);
    return () => {
      observer.disconnect();
    };
  }, [element, observed]);
  return onScreen;
}
