/** What the training that is being put together would take, asked for as one types. */
import { useEffect, useState } from "react";
import { api, ApiError } from "@/lib/api";
import type { TrainingEstimate } from "@/lib/types/estimate";
import type { JsonObject } from "@/lib/types/job";

const RESTED_MS = 250;

export interface EstimateState {
  /** The newest that there was; of an earlier request while `current` is false. */
  estimate: TrainingEstimate | null;
  /** The estimate is of what is typed now. */
  current: boolean;
  /** Why there is none of what is typed now; a refusal names its field. */
  error: ApiError | null;
}

export function useEstimate(body: JsonObject | null): EstimateState {
  const [state, setState] = useState<EstimateState>({ estimate: null, current: false, error: null });
  const text = body === null ? null : JSON.stringify(body);

  useEffect(() => {
    setState((known) => ({ ...known, current: false }));
    if (text === null) return;
    let over = false;
    const timer = setTimeout(() => {
      api.estimateTraining(JSON.parse(text) as JsonObject).then(
        (estimate) => {
          if (!over) setState({ estimate, current: true, error: null });
        },
        (error: unknown) => {
          const told = error instanceof ApiError ? error : new ApiError(String(error), 0, "unknown");
          if (!over) setState((known) => ({ ...known, current: false, error: told }));
        },
      );
    }, RESTED_MS);
    return () => {
      over = true;
      clearTimeout(timer);
    };
  }, [text]);

  return state;
}
