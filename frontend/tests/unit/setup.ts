import "@testing-library/jest-dom/vitest";
import { cleanup, configure } from "@testing-library/react";
import { afterEach, vi } from "vitest";

// Deadlines are for what never comes: a busy machine may take its time.
const DEADLINE_MS = 15_000;
const { waitFor } = vi;
vi.waitFor = (callback, options) => waitFor(callback, options ?? { timeout: DEADLINE_MS });
configure({ asyncUtilTimeout: DEADLINE_MS });

// What jsdom lacks and the page uses.
class Observer {
  observe() {}
  unobserve() {}
  disconnect() {}
}
// Not by stubGlobal: a test that takes its own stubs back would take this one too.
Object.defineProperty(globalThis, "ResizeObserver", { value: Observer, configurable: true, writable: true });
Object.defineProperty(window, "matchMedia", {
  value: () => ({ matches: false, addEventListener: () => {}, removeEventListener: () => {} }),
});
HTMLDialogElement.prototype.showModal = function () {
  this.open = true;
};
HTMLDialogElement.prototype.close = function () {
  if (!this.open) return;
  this.open = false;
  this.dispatchEvent(new Event("close"));
};

afterEach(() => {
  cleanup();
  localStorage.clear();
});
