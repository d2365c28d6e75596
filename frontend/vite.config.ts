import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

/** Small things that most pages use: one file, not a request each. None of them may import something large. */
const SHARED = /src\/(components\/(ErrorBoundary|FilterField|Icon|JobActions|Link|Meter|Panel|ProgressBar|States|StatusBadge)\.tsx|hooks\/useNow\.ts)$/;

export default defineConfig({
  plugins: [react(), tailwindcss()],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  build: {
    target: "es2022",
    // Every asset but the page itself carries a hash in its name; the server may call those immutable.
    assetsDir: "assets",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // For scripts/check-bundle.mjs, which says what the first load costs.
    manifest: true,
    rollupOptions: { output: { manualChunks: (id) => (SHARED.test(id) ? "shared" : undefined) } },
    reportCompressedSize: false,
  },
  server: {
    proxy: {
      "/api": process.env["HEADWAY_URL"] ?? "http://127.0.0.1:8080",
      "/socket.io": { target: process.env["HEADWAY_URL"] ?? "http://127.0.0.1:8080", ws: true },
    },
  },
  test: {
    environment: "jsdom",
    include: ["tests/unit/**/*.test.{ts,tsx}"],
    setupFiles: ["tests/unit/setup.ts"],
    restoreMocks: true,
    testTimeout: 60_000,
    coverage: {
      include: ["src/**/*.{ts,tsx}"],
      exclude: ["src/lib/types/**"],
      reporter: ["text-summary", "html", "lcovonly"],
      reportsDirectory: "../build/coverage/dashboard",
      // What the pages rest on. What they draw is looked at in the browser, by tests/e2e.
      thresholds: Object.fromEntries(["lib", "stores", "hooks"].map((folder) => [`src/${folder}/**`, { lines: 90 }])),
    },
  },
});
