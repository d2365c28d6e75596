/** What stands where the dashboard itself has failed. */
import { PageLoadError } from "./pages";

function Failure({ title, error, action, onAction }: { title: string; error: Error; action: string; onAction: () => void }) {
  return (
    <div role="alert" className="mx-auto my-24 max-w-md px-6 text-center">
      <h2 className="text-lg font-semibold">{title}</h2>
      <p className="mt-2 font-mono text-xs break-words text-muted">{error.message}</p>
      <p className="mt-2 text-sm text-muted">What runs on the server is not touched by it.</p>
      <button type="button" className="button mt-4" onClick={onAction}>
        {action}
      </button>
    </div>
  );
}

function reload(): void {
  window.location.reload();
}

export function WholeFailure({ error }: { error: Error }) {
  return <Failure title="The dashboard stopped on an error of its own" error={error} action="Load it again" onAction={reload} />;
}

export function PageFailure({ error, onReset }: { error: Error; onReset: () => void }) {
  // A page whose code has gone from the server comes with a new index.html only.
  if (error instanceof PageLoadError) return <Failure title="This page could not be loaded" error={error} action="Load again" onAction={reload} />;
  return <Failure title="This page stopped on an error of its own" error={error} action="Try again" onAction={onReset} />;
}
