import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "headway-bundle-"));
  mkdirSync(join(dir, ".vite"));
});
afterEach(() => {
  rmSync(dir, { recursive: true });
});

/** What can't be compressed, so that its size is what counts. */
function build(files: Record<string, number>, manifest: object): void {
  for (const name of ["index.html", "theme.js", "favicon.svg"]) writeFileSync(join(dir, name), "");
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(dir, name), randomBytes(bytes));
  writeFileSync(join(dir, ".vite/manifest.json"), JSON.stringify(manifest));
}

function check() {
  const { status, stdout, stderr } = spawnSync(process.execPath, [resolve("scripts/check-bundle.mjs"), dir], { encoding: "utf8" });
  return { status, stdout, stderr };
}

const page = "src/features/operations/OperationsDashboard.tsx";

test("a first load below the bound passes, and what other pages add is told apart from it", () => {
  build(
    { "a.js": 90_000, "b.js": 60_000, "c.js": 300_000, "d.css": 10_000 },
    {
      "index.html": { file: "a.js", css: ["d.css"] },
      [page]: { file: "b.js", imports: ["index.html"], isDynamicEntry: true },
      "src/other.tsx": { file: "c.js", imports: ["index.html"], isDynamicEntry: true },
    },
  );
  const { status, stdout } = check();
  expect(stdout).toMatch(/first load, gzipped: 160\.\d kB in 6 files/);
  expect(stdout).toMatch(/300\.\d kB {2}src\/other\.tsx/);
  expect(status).toBe(0);
});

test("one above it fails, also by what the first page imports", () => {
  build(
    { "a.js": 90_000, "b.js": 10_000, "c.js": 120_000 },
    { "index.html": { file: "a.js" }, [page]: { file: "b.js", imports: ["_c.js"], isDynamicEntry: true }, "_c.js": { file: "c.js" } },
  );
  const { status, stderr } = check();
  expect(stderr).toMatch(/the first load is 220\.\d kB, more than 200 kB/);
  expect(status).toBe(1);
});

test("a build without the first page, or none, is told", () => {
  expect(check().status).toBe(2);
  build({ "a.js": 10 }, { "index.html": { file: "a.js" } });
  expect(check().stderr).toContain("no chunk");
});
