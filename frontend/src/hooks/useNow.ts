/** The server's time, ticking every `intervalMs` while the tab is shown. */
import { useEffect, useState } from "react";
import { serverNow } from "@/lib/clock";

export function useNow(intervalMs = 1000): number {
  const [now, setNow] = useState(serverNow);
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden) setNow(serverNow());
    }, intervalMs);
    return () => {
      clearInterval(timer);
    };
  }, [intervalMs]);
  return now;
}
