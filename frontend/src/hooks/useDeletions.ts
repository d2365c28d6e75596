/** Models and datasets that are deleted, on this page or elsewhere, leave their lists; the page of one is told so. */
import { useEffect, useState } from "react";
import { liveSocket } from "@/lib/socket";
import { datasetsStore } from "@/stores/datasetsStore";
import { modelsStore } from "@/stores/modelsStore";

/** `onDeleted` keeps its identity as long as what it is for. */
export function useDeletions(onDeleted?: (id: string) => void): void {
  const [socket] = useState(liveSocket);
  useEffect(
    () =>
      socket.subscribe("operations", {
        "model:deleted": ({ model_id }) => {
          modelsStore.getState().forgetModel(model_id);
          onDeleted?.(model_id);
        },
        "dataset:deleted": ({ dataset_id }) => {
          datasetsStore.getState().forgetDataset(dataset_id);
          onDeleted?.(dataset_id);
        },
      }),
    [socket, onDeleted],
  );
}
