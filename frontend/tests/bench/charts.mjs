#!/usr/bin/env node
/**
 * How long it takes until ten runs of a million steps are drawn, and what a frame costs while they are panned.
 *
 *     make bench && mkdir -p /tmp/curves && build/bench/metric_curve /tmp/curves 10 1000000
 *     node frontend/tests/bench/charts.mjs /tmp/curves
 */
import { readFileSync, rmSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";
import { startBrowser } from "../e2e/support/browser.mjs";
import { startHeadway } from "../e2e/support/headway.mjs";

const [folder, roundsText = "5"] = process.argv.slice(2);
if (folder === undefined) {
  console.error("usage: charts.mjs FOLDER [ROUNDS], a data folder that metric_curve has filled");
  process.exit(2);
}
const FRAMES = 240;
const STEPS = 1_000_000;
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css" };

const quantile = (values, part) => [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * part))];
const ms = (value) => `${value.toFixed(1)} ms`;

const dist = mkdtempSync(join(tmpdir(), "headway-charts-"));
const root = fileURLToPath(new URL("./charts/", import.meta.url));
await build({ configFile: fileURLToPath(new URL("../../vite.config.ts", import.meta.url)), root, base: "/bench/", logLevel: "warn", build: { outDir: dist, emptyOutDir: true } });

// Without a worker and with a folder of its own that is not thrown away: the rows took minutes to write.
const headway = await startHeadway(["--data", folder, "--no-worker"]);
const browser = await startBrowser();

/** Processor time, ms: of the page's main thread, and of all the browser's processes. What else runs on the machine isn't in it. */
async function used(session) {
  const { metrics } = await session.send("Performance.getMetrics");
  const system = await browser.newBrowserCDPSession();
  const { processInfo } = await system.send("SystemInfo.getProcessInfo");
  await system.detach();
  return { page: metrics.find(({ name }) => name === "TaskDuration").value * 1000, all: processInfo.reduce((sum, { cpuTime }) => sum + cpuTime, 0) * 1000 };
}

async function open() {
  const page = await (await browser.newContext({ viewport: { width: 1200, height: 700 } })).newPage();
  await page.route("**/bench/**", (route) => {
    const path = new URL(route.request().url()).pathname.replace(/^\/bench\//, "") || "index.html";
    void route.fulfill({ body: readFileSync(join(dist, path)), contentType: TYPES[extname(path)] ?? "application/octet-stream" });
  });
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  return { page, session };
}

async function round() {
  const { page, session } = await open();
  const start = await used(session);
  await page.goto(`${headway.url}/bench/`);
  await page.waitForFunction("Number(document.querySelector('[data-testid=overlay]')?.dataset.points ?? 0) > 0 && document.querySelector('canvas') !== null");
  // Two frames on, what was asked to be drawn is on the screen.
  const drawn = await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(window.performance.now())))));
  const read = await page.evaluate("window.bench.read");
  const rows = await page.evaluate("window.bench.points");
  const joined = await page.evaluate("Number(document.querySelector('[data-testid=overlay]').dataset.points)");
  const before = await used(session);
  const width = STEPS / 4;
  const times = await page.evaluate(([span, frames, step]) => window.bench.pan(span, frames, step), [[0, width], FRAMES, (STEPS - width) / FRAMES]);
  const after = await used(session);
  await page.context().close();
  return {
    read,
    drawn,
    rows,
    joined,
    openPage: before.page - start.page,
    openAll: before.all - start.all,
    frame: quantile(times, 0.5),
    late: quantile(times, 0.95),
    framePage: (after.page - before.page) / FRAMES,
    frameAll: (after.all - before.all) / FRAMES,
  };
}

try {
  const rounds = [];
  for (let i = 0; i < Number(roundsText); i += 1) {
    const result = await round();
    rounds.push(result);
    console.log(
      `${result.rows} rows of ${result.joined} steps · read after ${ms(result.read)}, drawn after ${ms(result.drawn)}; processor ${ms(result.openPage)} (all: ${ms(result.openAll)}) · ` +
        `panning: a frame each ${ms(result.frame)} (95 %: ${ms(result.late)}); processor ${ms(result.framePage)} (all: ${ms(result.frameAll)}) a frame`,
    );
  }
  const best = (name) => ms(Math.min(...rounds.map((each) => each[name])));
  const middle = (name) => ms(quantile(rounds.map((each) => each[name]), 0.5));
  for (const name of ["read", "drawn", "openPage", "openAll", "frame", "late", "framePage", "frameAll"]) console.log(`${name}: median ${middle(name)}, best ${best(name)}`);
} finally {
  await browser.close();
  await headway.stop();
  rmSync(dist, { recursive: true, force: true });
}
