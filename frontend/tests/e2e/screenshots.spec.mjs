/**
 * Every page, at the three sizes, in both themes, with jobs and without: nothing is wider than the window, and a picture of each is left in
 * build/screenshots.
 */
import assert from "node:assert/strict";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { after, before, test } from "node:test";
import { startBrowser } from "./support/browser.mjs";
import { afternoon } from "./support/afternoon.mjs";
import { startHeadway } from "./support/headway.mjs";
import { addresses, inTheme, realIds, settled } from "./support/routes.mjs";

const OUT = process.env.SCREENSHOTS ?? fileURLToPath(new URL("../../../build/screenshots/", import.meta.url));
const LARGE = { desktop: { width: 1440, height: 900 }, tablet: { width: 1024, height: 768 } };
const SMALL = { phone: { width: 390, height: 844 } };
/** A phone's browser is another one; windows of other sizes are not. */
const KINDS = [
  [LARGE, {}],
  [SMALL, { isMobile: true, hasTouch: true }],
];
let browser;
let full;
let empty;

before(async () => {
  rmSync(OUT, { recursive: true, force: true });
  mkdirSync(OUT, { recursive: true });
  browser = await startBrowser();
  [full, empty] = await Promise.all([startHeadway(["--slots", "cpu=1,gpu=0,io=2"]), startHeadway(["--no-worker"])]);
  await afternoon(full);
});
after(async () => {
  await browser?.close();
  await Promise.all([full?.stop(), empty?.stop()]);
});

/** The width of the page, and what reaches beyond the window's. A phone's browser widens its own measure instead, so neither is compared with innerWidth. */
function tooWide(width) {
  const wide = document.scrollingElement.scrollWidth;
  if (wide <= width && window.innerWidth <= width) return [];
  const culprits = [...document.querySelectorAll("main *")].filter((each) => each.getBoundingClientRect().right > width + 1).map((each) => each.outerHTML.slice(0, 120));
  return [`${wide} px`, ...culprits.slice(0, 3)];
}

/** "/trainings/trn_…" is "full-trainings-one". */
function pictureName(kind, path) {
  return `${kind}${path.replace(/\//g, "-").replace(/-\w+_\w+$/, "-one")}`;
}

async function tour(headway, kind, pages) {
  const problems = [];
  for (const [sizes, options] of KINDS) {
    const context = await browser.newContext({ ...options, viewport: Object.values(sizes)[0], colorScheme: "light", reducedMotion: "reduce" });
    const page = await context.newPage();
    page.on("pageerror", (error) => problems.push(`${page.url()}: ${error.message}`));
    for (const { path } of pages) {
      await page.goto(headway.url + path);
      await settled(page);
      for (const [size, viewport] of Object.entries(sizes)) {
        if (Object.keys(sizes).length > 1) await page.setViewportSize(viewport);
        for (const colorScheme of ["light", "dark"]) {
          await inTheme(page, colorScheme);
          await page.screenshot({ path: join(OUT, `${pictureName(kind, path)}-${size}-${colorScheme}.png`) });
        }
        const wide = await page.evaluate(tooWide, viewport.width);
        if (wide.length > 0) problems.push(`${path} at ${size}: ${wide.join(" ")}`);
      }
    }
    await context.close();
  }
  return problems;
}

test("screenshots: no page is wider than the window, with jobs", async () => {
  assert.deepEqual(await tour(full, "full", addresses(await realIds(full))), []);
});

test("screenshots: no page is wider than the window, without any", async () => {
  assert.deepEqual(await tour(empty, "empty", addresses(null)), []);
});
