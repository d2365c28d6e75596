/** For the rows in sight: their small curves, and live values of those that run. What only flies past while scrolling is left alone. */
import { useEffect, useState } from "react";
import { liveSocket } from "@/lib/socket";
import { trainingTableStore } from "@/stores/trainingTableStore";

const RESTED_MS = 120;
const { fetchCurves, applyProgress } = trainingTableStore.getState();

/** `key` after it has stayed the same for a while. */
function useRested(key: string): string {
  const [rested, setRested] = useState(key);
  useEffect(() => {
    if (key === rested) return;
    const timer = setTimeout(() => {
      setRested(key);
    }, RESTED_MS);
    return () => {
      clearTimeout(timer);
    };
  }, [key, rested]);
  return rested;
}

const split = (key: string): string[] => key.split(" ").filter((id) => id !== "");

/** `missing`: rows in sight without a curve; `running`: rows in sight that report. */
export function useRowsInSight(missing: readonly string[], running: readonly string[]): void {
  const [socket] = useState(liveSocket);
  const wanted = useRested(missing.join(" "));
  const reporting = useRested([...running].sort().join(" "));

  useEffect(() => {
    void fetchCurves(split(wanted));
  }, [wanted]);

  useEffect(() => {
    const releases = split(reporting).map((id) => socket.subscribe(`trainings/${id}/progress`, { "training:progress": applyProgress }));
    return () => {
      for (const release of releases) release();
    };
  }, [socket, reporting]);
}
