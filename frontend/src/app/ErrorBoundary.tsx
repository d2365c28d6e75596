import { Component, type ReactNode } from "react";

/** A mistake in one page is told and can be left; it does not leave an empty window. */
export class ErrorBoundary extends Component<{ children: ReactNode }, { error: Error | null }> {
  override state: { error: Error | null } = { error: null };

  static getDerivedStateFromError(error: Error) {
    return { error };
  }

  override render() {
    if (this.state.error === null) return this.props.children;
    return (
      <div role="alert" className="mx-auto mt-24 max-w-md px-6 text-center">
        <h1 className="text-lg font-semibold">The dashboard stopped on an error of its own</h1>
        <p className="mt-2 font-mono text-xs break-words text-muted">{this.state.error.message}</p>
        <p className="mt-2 text-sm text-muted">What runs on the server is not touched by it.</p>
        <button
          type="button"
          className="button mt-4"
          onClick={() => {
            window.location.reload();
          }}
        >
          Load it again
        </button>
      </div>
    );
  }
}
