/**
 * What the first look costs: requests, bytes, paint, time until data is live, and how much of the page jumps while data comes in. Times depend on
 * the machine and are only told; what doesn't is held to.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { afternoon } from "./support/afternoon.mjs";
import { startBrowser } from "./support/browser.mjs";
import { startHeadway } from "./support/headway.mjs";
import { addresses, realIds, settled } from "./support/routes.mjs";

/** Google calls 0.1 good; what is live all the time must not be half as restless. */
const MOST_SHIFT = 0.02;
const MOST_STATIC_BYTES = 200_000;
const MOST_STATIC_REQUESTS = 14;
/** The lists, the machine now and in the last minutes, the session's own. */
const MOST_DATA_REQUESTS = 20;
const UPDATES_WATCHED = 6;
let browser;
let headway;

before(async () => {
  browser = await startBrowser();
  headway = await startHeadway(["--slots", "cpu=1,gpu=0,io=2", "--system-monitor-interval-seconds", "1"]);
  await afternoon(headway);
});
after(async () => {
  await browser?.close();
  await headway?.stop();
});

/** In the page, before anything of it runs: what the browser measures, and when data is live. */
function watch() {
  const seen = { shift: 0, shifts: [], paint: null, liveAt: null, ages: 0 };
  Object.assign(window, { seen });
  const name = (node) => (node?.tagName !== undefined ? `${node.tagName.toLowerCase()}.${node.className} "${(node.textContent ?? "").slice(0, 30)}"` : "gone");
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      if (entry.hadRecentInput) continue;
      seen.shift += entry.value;
      seen.shifts.push(`${entry.value.toFixed(4)} at ${Math.round(entry.startTime)} ms: ${entry.sources.map(({ node }) => name(node)).join(", ")}`);
    }
  }).observe({ type: "layout-shift", buffered: true });
  new PerformanceObserver((list) => {
    seen.paint = list.getEntriesByName("first-contentful-paint")[0]?.startTime ?? seen.paint;
  }).observe({ type: "paint", buffered: true });
  new MutationObserver(() => {
    if (seen.liveAt === null && document.querySelector("[data-testid=connection][data-state=live]") !== null) seen.liveAt = performance.now();
  }).observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ["data-state"] });
}

async function look(path, viewport = { width: 1440, height: 900 }) {
  const context = await browser.newContext({ viewport, reducedMotion: "reduce" });
  const page = await context.newPage();
  const answers = [];
  page.on("response", (response) => answers.push(response));
  await page.addInitScript(watch);
  await page.goto(headway.url + path);
  await settled(page);
  return { page, answers, context };
}

test("first-load: few requests, few bytes, none to another host", async (t) => {
  const { page, answers, context } = await look("/operations");
  const foreign = [];
  page.on("request", (request) => {
    if (new URL(request.url()).origin !== headway.url) foreign.push(request.url());
  });
  const { liveAt, paint } = await page.evaluate(() => window.seen);
  // What other pages need is fetched once this one is live: that is not the first load.
  const begun = await page.evaluate((live) => {
    const entries = [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")];
    return entries.filter(({ startTime }) => startTime < live).map(({ name, encodedBodySize }) => ({ path: new URL(name).pathname, bytes: encodedBodySize }));
  }, liveAt);
  const files = begun.filter(({ path }) => !/^\/(api|socket\.io)\//.test(path));
  const bytes = files.reduce((sum, each) => sum + each.bytes, 0);
  t.diagnostic(`first contentful paint ${Math.round(paint)} ms, live after ${Math.round(liveAt)} ms`);
  t.diagnostic(`${files.length} files, ${bytes} bytes as sent; ${begun.length - files.length} requests of data`);
  for (const each of files) t.diagnostic(`  ${each.bytes} ${each.path}`);
  assert.ok(files.some(({ path }) => /OperationsDashboard/.test(path)), "the page's own code came");
  assert.ok(bytes > 50_000 && bytes <= MOST_STATIC_BYTES, `${bytes} bytes`);
  assert.ok(files.length <= MOST_STATIC_REQUESTS, `${files.length} files`);
  assert.ok(begun.length - files.length <= MOST_DATA_REQUESTS, `${begun.length - files.length} requests of data`);

  for (const { path } of addresses(await realIds(headway))) {
    await page.goto(headway.url + path);
    await settled(page);
  }
  assert.deepEqual(foreign, []);
  assert.deepEqual(answers.map((answer) => new URL(answer.url()).origin).filter((origin) => origin !== headway.url), []);
  await context.close();
});

test("first-load: files come compressed, and a hashed name is never asked for again", async () => {
  const { answers, context } = await look("/");
  const file = (pattern) => answers.find((answer) => pattern.test(new URL(answer.url()).pathname));
  const page_ = file(/^\/$/);
  const script = file(/^\/assets\/index-.*\.js$/);
  const style = file(/^\/assets\/index-.*\.css$/);
  for (const answer of [page_, script, style]) assert.match((await answer.allHeaders())["content-encoding"] ?? "none", /^(br|gzip|zstd)$/, answer.url());
  assert.equal(page_.headers()["cache-control"], "no-cache");
  assert.match(page_.headers()["content-security-policy"], /default-src 'self'/);
  for (const answer of [script, style]) assert.match(answer.headers()["cache-control"], /immutable/);
  await context.close();
});

for (const [size, viewport] of Object.entries({ desktop: { width: 1440, height: 900 }, phone: { width: 390, height: 844 } })) {
  test(`first-load: no page jumps while its data comes in, ${size}`, async (t) => {
    const restless = [];
    for (const { path } of addresses(await realIds(headway))) {
      const { page, context } = await look(path, viewport);
      // Data goes on coming: the age of the newest falls back each time.
      await page.waitForFunction(
        (wanted) => {
          const text = document.querySelector("[data-testid=connection]")?.textContent ?? "";
          const age = Number(/(\d+\.\d)\s*s/.exec(text)?.[1] ?? NaN);
          if (age < window.seen.lastAge) window.seen.ages += 1;
          window.seen.lastAge = age;
          return window.seen.ages >= wanted;
        },
        UPDATES_WATCHED,
        { timeout: 60_000, polling: 100 },
      );
      const { shift, shifts } = await page.evaluate(() => window.seen);
      t.diagnostic(`${path}: ${shift.toFixed(4)}`);
      if (shift >= MOST_SHIFT) restless.push(`${path}: ${shift.toFixed(4)}\n  ${shifts.join("\n  ")}`);
      await context.close();
    }
    assert.deepEqual(restless, []);
  });
}
