import { Component, type ReactNode } from "react";

interface Props {
  children: ReactNode;
  /** What stands in its place; `reset` tries again. */
  fallback: (error: Error, reset: () => void) => ReactNode;
  /** Another one: what failed is gone, and its successor is tried. */
  resetKey?: string;
}

/** A mistake in one part is told in its place and can be tried again; what is around it goes on. */
export class ErrorBoundary extends Component<Props, { error: Error | null }> {
  override state: { error: Error | null } = { error: null };

  static getDerivedStateFromError(error: unknown) {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }

  override componentDidUpdate(before: Props) {
    if (before.resetKey !== this.props.resetKey && this.state.error !== null) this.reset();
  }

  private readonly reset = () => {
    this.setState({ error: null });
  };

  override render() {
    return this.state.error === null ? this.props.children : this.props.fallback(this.state.error, this.reset);
  }
}
