#!/usr/bin/env node
/**
 * What a browser fetches before the first page is at work, gzipped: check-bundle.mjs [BUILDDIR]
 * Prints it, and what each other page adds; fails above LIMIT_KB. Reads the build's .vite/manifest.json.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const LIMIT_KB = 200;
const ENTRY = "index.html";
const FIRST_PAGE = "src/features/operations/OperationsDashboard.tsx";
/** Named in index.html by hand. */
const BESIDE = ["index.html", "theme.js", "favicon.svg"];

const dir = process.argv[2] ?? "dist";
const path = join(dir, ".vite/manifest.json");
if (!existsSync(path)) {
  console.error(`check-bundle: ${path} is missing: build the dashboard first`);
  process.exit(2);
}
const manifest = JSON.parse(readFileSync(path, "utf8"));

/** The files that a chunk needs before it runs, its own first. */
function closure(key, seen = new Set()) {
  const chunk = manifest[key];
  if (chunk === undefined) {
    console.error(`check-bundle: the build has no chunk ${key}`);
    process.exit(2);
  }
  if (seen.has(key)) return [];
  seen.add(key);
  return [chunk.file, ...(chunk.css ?? []), ...(chunk.imports ?? []).flatMap((each) => closure(each, seen))];
}

const sizes = new Map();
function size(file) {
  if (!sizes.has(file)) sizes.set(file, gzipSync(readFileSync(join(dir, file)), { level: 9 }).length);
  return sizes.get(file);
}
const sum = (files) => [...files].reduce((all, file) => all + size(file), 0);
const kB = (bytes) => `${(bytes / 1000).toFixed(1).padStart(6)} kB`;

const first = new Set([...BESIDE, ...closure(ENTRY), ...closure(FIRST_PAGE)]);
const total = sum(first);
console.log(`first load, gzipped: ${kB(total).trim()} in ${first.size} files (at most ${LIMIT_KB} kB)`);
for (const file of [...first].sort((a, b) => size(b) - size(a))) console.log(`  ${kB(size(file))}  ${file}`);
console.log("what else is fetched when it is opened:");
for (const key of Object.keys(manifest).filter((each) => manifest[each].isDynamicEntry && each !== FIRST_PAGE).sort()) {
  console.log(`  ${kB(sum(closure(key).filter((file) => !first.has(file))))}  ${key}`);
}
if (total > LIMIT_KB * 1000) {
  console.error(`check-bundle: the first load is ${kB(total).trim()}, more than ${LIMIT_KB} kB`);
  process.exit(1);
}
