/** Which page an address is, and its code: fetched when it is wanted, or before. */
import { lazy } from "react";
import { matchPath } from "@/lib/router";
import { ROUTES, type PageComponent, type Route } from "./routes";

export interface Found {
  route: Route;
  params: Record<string, string>;
}

export function routeAt(path: string): Found | null {
  for (const route of ROUTES) {
    const params = matchPath(route.pattern, path);
    if (params !== null) return { route, params };
  }
  return null;
}

/** The server doesn't answer, or it is another version by now and no longer has this page's code. */
export class PageLoadError extends Error {}

async function load(route: Route): Promise<{ default: PageComponent }> {
  try {
    return { default: await route.load() };
  } catch (error) {
    throw new PageLoadError("Its code did not come: the server can't be reached, or it was updated since this page was opened.", { cause: error });
  }
}

const components = new Map<Route["load"], PageComponent>();

export function componentOf(route: Route): PageComponent {
  const known = components.get(route.load);
  if (known !== undefined) return known;
  const component = lazy(() => load(route));
  components.set(route.load, component);
  return component;
}

/** Fetches a page's code ahead; that it can't is told when the page is opened. */
export function preload(path: string): void {
  const found = routeAt(new URL(path, window.location.href).pathname);
  found?.route.load().catch(() => undefined);
}

/** Once the first page is at work, the others come one after the other, when the browser has nothing else to do. */
export function preloadWhenIdle(others: (() => Promise<unknown>)[] = []): void {
  const idle = (then: () => void) => {
    if (typeof window.requestIdleCallback === "function") window.requestIdleCallback(then, { timeout: 10_000 });
    else setTimeout(then, 2000);
  };
  const rest: (() => Promise<unknown>)[] = [...others, ...new Set(ROUTES.map((route) => route.load))];
  const next = () => {
    const each = rest.shift();
    if (each === undefined) return;
    each().then(
      () => {
        idle(next);
      },
      () => undefined,
    );
  };
  idle(next);
}
