/** The newest `value`, but a new one at most every `ms`: what is costly to draw need not follow each event. */
import { useEffect, useRef, useState } from "react";

export function useSteady<T>(value: T, ms: number): T {
  const [steady, setSteady] = useState(value);
  const changedAt = useRef(-Infinity);
  useEffect(() => {
    const wait = Math.max(changedAt.current + ms - performance.now(), 0);
    const timer = setTimeout(() => {
      changedAt.current = performance.now();
      setSteady(value);
    }, wait);
    return () => {
      clearTimeout(timer);
    };
  }, [value, ms]);
  return steady;
}
