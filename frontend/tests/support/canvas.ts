/** What jsdom lacks for a chart to be drawn: a canvas that writes down what is drawn on it, and an observer that the test tells what is in sight. */
import { act } from "@testing-library/react";
import { vi } from "vitest";

export type Stroke = ["M" | "L", number, number][];

class RecordedPath {
  readonly steps: Stroke = [];
  moveTo(x: number, y: number) {
    this.steps.push(["M", x, y]);
  }
  lineTo(x: number, y: number) {
    this.steps.push(["L", x, y]);
  }
  rect() {}
  arc() {}
  addPath() {}
}

export interface Recorded {
  /** The lines stroked since the last clear. */
  strokes: Stroke[];
  /** How often each call was made. */
  calls: Record<string, number>;
}

/** Every canvas draws into one record; call before rendering. */
export function recordCanvas(): Recorded {
  const recorded: Recorded = { strokes: [], calls: {} };
  const known: Record<string, unknown> = {
    measureText: () => ({ width: 20 }),
    clearRect: () => {
      recorded.strokes = [];
    },
    stroke: (path?: unknown) => {
      if (path instanceof RecordedPath && path.steps.length > 0) recorded.strokes.push(path.steps);
    },
  };
  vi.stubGlobal("Path2D", RecordedPath);
  vi.stubGlobal("ResizeObserver", class { observe() {} disconnect() {} });
  vi.spyOn(HTMLCanvasElement.prototype, "getContext").mockImplementation(function (this: HTMLCanvasElement) {
    const state: Record<string | symbol, unknown> = { canvas: this };
    return new Proxy(state, {
      get: (target, name) => {
        if (name in target) return target[name];
        return (...args: unknown[]) => {
          recorded.calls[String(name)] = (recorded.calls[String(name)] ?? 0) + 1;
          const special = known[String(name)];
          return typeof special === "function" ? (special as (...a: unknown[]) => unknown)(...args) : undefined;
        };
      },
      set: (target, name, value) => {
        target[name] = value;
        return true;
      },
    }) as unknown as null;
  });
  // There is no stylesheet; a line without a colour isn't drawn.
  for (const name of ["--c1", "--c2", "--c3"]) document.documentElement.style.setProperty(name, "#123456");
  vi.spyOn(HTMLElement.prototype, "clientWidth", "get").mockReturnValue(400);
  return recorded;
}

/** Nothing is in sight until the test says so. */
export function watchSight(): { show: (inSight: boolean) => void } {
  const watchers: ((inSight: boolean) => void)[] = [];
  vi.stubGlobal(
    "IntersectionObserver",
    class {
      constructor(tell: (entries: { isIntersecting: boolean }[]) => void) {
        watchers.push((isIntersecting) => {
          tell([{ isIntersecting }]);
        });
      }
      observe() {}
      disconnect() {}
    },
  );
  return {
    show: (inSight) => {
      act(() => {
        watchers.forEach((tell) => {
          tell(inSight);
        });
      });
    },
  };
}
