/** The command palette's place: its code is fetched when it is first wanted, or when the browser has time. */
import { lazy, Suspense } from "react";
import { ErrorBoundary } from "@/components/ErrorBoundary";
import { operationsStore } from "@/stores/operationsStore";
import { matchPath } from "@/lib/router";

export const loadPalette = async () => ({ default: (await import("./palette/CommandPalette")).CommandPalette });
const CommandPalette = lazy(loadPalette);

/** The job that is meant when somebody asks for something to be done: the card or row with the focus, or the open page's. */
export function jobInView(path: string): string | null {
  const focused = document.activeElement?.closest<HTMLElement>("[data-job-id]")?.dataset["jobId"];
  if (focused !== undefined) return focused;
  const job = matchPath("/jobs/:id", path)?.["id"];
  if (job !== undefined) return job;
  const training = matchPath("/trainings/:id", path)?.["id"];
  if (training === undefined) return null;
  const { activeOperations, operations } = operationsStore.getState();
  const ofIt = ({ entity_id: id }: { entity_id: string | null }) => id === training;
  return (activeOperations.find(ofIt) ?? Object.values(operations).find(ofIt))?.id ?? null;
}

interface Props {
  selected: string | null;
  onHelp: () => void;
  onClose: () => void;
}

export function PaletteHost({ selected, onHelp, onClose }: Props) {
  return (
    <ErrorBoundary
      fallback={() => (
        <p role="alert" className="panel fixed inset-x-4 top-16 z-30 mx-auto flex max-w-md items-center gap-3 px-4 py-3 text-sm shadow-xl">
          <span className="flex-1">The palette could not be loaded: the server can&rsquo;t be reached, or was updated.</span>
          <button type="button" className="button" onClick={onClose}>
            Close
          </button>
        </p>
      )}
    >
      <Suspense fallback={null}>
        <CommandPalette selected={selected} onHelp={onHelp} onClose={onClose} />
      </Suspense>
    </ErrorBoundary>
  );
}
