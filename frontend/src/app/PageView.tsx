import { Suspense } from "react";
import { ErrorBoundary } from "@/components/ErrorBoundary";
import { Link } from "@/components/Link";
import { EmptyState, Skeleton } from "@/components/States";
import { PageFailure } from "./Failures";
import { componentOf, type Found } from "./pages";

export function PageView({ found, path }: { found: Found | null; path: string }) {
  if (found === null) return <NotFound path={path} />;
  const Page = componentOf(found.route);
  return (
    <ErrorBoundary resetKey={path} fallback={(error, reset) => <PageFailure error={error} onReset={reset} />}>
      <Suspense
        fallback={
          <div role="status" aria-label={`Loading ${found.route.title}`}>
            <Skeleton className="h-64 rounded-lg" />
          </div>
        }
      >
        {/* Another training is another page, also if it is the same component. */}
        <Page key={path} {...found.params} />
      </Suspense>
    </ErrorBoundary>
  );
}

function NotFound({ path }: { path: string }) {
  return (
    <section className="panel" data-testid="not-found">
      <EmptyState icon="search" title="There is no such page">
        <p>
          Nothing is at <code className="font-mono text-xs break-all text-fg">{path}</code>.{" "}
          <Link href="/operations" className="link">
            Operations
          </Link>{" "}
          shows what runs.
        </p>
      </EmptyState>
    </section>
  );
}
