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
const MOST_STATIC_REQUESTS = 12;
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

const isStatic = (url) => !/^\/(api|socket\.io)\//.test(new URL(url).pathname);

test("first-load: few requests, few bytes, none to another host", async (t) => {
  const { page, answers, context } = await look("/operations");
  // What other pages need is fetched when the browser has time: that is not the first load.
  const { liveAt, paint } = await page.evaluate(() => window.seen);
  const foreign = [];
  page.on("request", (request) => {
    if (new URL(request.url()).origin !== headway.url) foreign.push(request.url());
  });
  const first = await Promise.all(
    answers
      .filter((answer) => isStatic(answer.url()))
      .map(async (answer) => ({ path: new URL(answer.url()).pathname, headers: answer.headers(), sizes: await answer.request().sizes(), early: answer.request().timing().startTime })),
  );
  const begun = Math.min(...first.map(({ early }) => early));
  const needed = first.filter(({ path, early }) => early - begun < liveAt && !/CommandPalette/.test(path));
  const body = needed.reduce((sum, { sizes }) => sum + sizes.responseBodySize, 0);
  const api = answers.filter((answer) => !isStatic(answer.url()));
  t.diagnostic(`first contentful paint ${Math.round(paint)} ms, live after ${Math.round(liveAt)} ms`);
  t.diagnostic(`${needed.length} files, ${body} bytes of bodies; ${api.length} answers of the server's interfaces`);
  for (const { path, sizes } of needed) t.diagnostic(`  ${sizes.responseBodySize} ${path}`);
  const early = first.filter(({ path }) => /assets\/(index|shared|OperationsDashboard)-/.test(path));
  assert.ok(early.length >= 4, "the page, its parts and its style came");
  const eager = early.reduce((sum, { sizes }) => sum + sizes.responseBodySize, 0);
  assert.ok(eager <= MOST_STATIC_BYTES, `${eager} bytes`);
  assert.ok(early.length <= MOST_STATIC_REQUESTS, `${early.length} requests`);

  for (const { path } of addresses(await realIds(headway))) {
    await page.goto(headway.url + path);
    await settled(page);
  }
  assert.deepEqual(foreign, []);
  assert.deepEqual(answers.map((answer) => new URL(answer.url()).origin).filter((origin) => origin !== headway.url), []);
  await context.close();
});

test("first-load: files come compressed, and a hashed name is never asked for again", async () => {
  const { page, answers, context } = await look("/");
  const file = (pattern) => answers.find((answer) => pattern.test(new URL(answer.url()).pathname));
  const page_ = file(/^\/$/);
  const script = file(/^\/assets\/index-.*\.js$/);
  const style = file(/^\/assets\/index-.*\.css$/);
  for (const answer of [page_, script, style]) assert.match((await answer.allHeaders())["content-encoding"] ?? "none", /^(br|gzip|zstd)$/, answer.url());
  assert.equal(page_.headers()["cache-control"], "no-cache");
  assert.match(page_.headers()["content-security-policy"], /default-src 'self'/);
  for (const answer of [script, style]) assert.match(answer.headers()["cache-control"], /immutable/);
  await context.close();
  void page;
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
