/** What each of these jobs uses of the machine, live. */
import { useEffect, useState } from "react";
import { liveSocket } from "@/lib/socket";
import { Gatherer } from "@/lib/throttle";
import type { JobResources } from "@/lib/types/job";
import { operationsStore } from "@/stores/operationsStore";

const GATHER_MS = 200;

/** Subscribes what is new and releases what has gone: a job that starts disturbs no other's subscription. */
export function useJobResources(jobIds: string[]): void {
  const [socket] = useState(liveSocket);
  const [releases] = useState(() => new Map<string, () => void>());
  const key = [...jobIds].sort().join(" ");
  const [gatherer] = useState(
    () =>
      new Gatherer<[string, JobResources]>((told) => {
        const { operations, applyOperations } = operationsStore.getState();
        const newest = new Map(told);
        applyOperations(
          [...newest].flatMap(([id, resources]) => {
            const job = operations[id];
            return job === undefined ? [] : [{ ...job, resources }];
          }),
        );
      }, GATHER_MS),
  );

  useEffect(() => {
    const wanted = new Set(key.split(" ").filter((id) => id !== ""));
    for (const [id, release] of releases) {
      if (wanted.has(id)) continue;
      release();
      releases.delete(id);
    }
    for (const id of wanted) {
      if (releases.has(id)) continue;
      releases.set(
        id,
        socket.subscribe(`jobs/${id}/resources`, {
          "job:resources": (payload) => {
            gatherer.add([id, payload]);
          },
        }),
      );
    }
  }, [socket, key, releases, gatherer]);

  useEffect(
    () => () => {
      for (const release of releases.values()) release();
      releases.clear();
      gatherer.stop();
    },
    [releases, gatherer],
  );
}
