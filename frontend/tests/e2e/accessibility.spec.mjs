/** axe finds nothing on any page, in either theme, with jobs and without; nor in the dialogs of the frame. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { afternoon } from "./support/afternoon.mjs";
import { audit } from "./support/audit.mjs";
import { startBrowser } from "./support/browser.mjs";
import { startHeadway } from "./support/headway.mjs";
import { addresses, inTheme, realIds, settled } from "./support/routes.mjs";

const SIZES = { desktop: { viewport: { width: 1440, height: 900 } }, phone: { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true } };
let browser;
let full;
let empty;

before(async () => {
  browser = await startBrowser();
  [full, empty] = await Promise.all([startHeadway(["--slots", "cpu=1,gpu=0,io=2"]), startHeadway(["--no-worker"])]);
  await afternoon(full);
});
after(async () => {
  await browser?.close();
  await Promise.all([full?.stop(), empty?.stop()]);
});

async function auditAll(headway, pages) {
  const found = [];
  for (const [size, options] of Object.entries(SIZES)) {
    const context = await browser.newContext({ ...options, colorScheme: "light", reducedMotion: "reduce" });
    const page = await context.newPage();
    for (const { path } of pages) {
      await page.goto(headway.url + path);
      await settled(page);
      for (const colorScheme of ["light", "dark"]) {
        await inTheme(page, colorScheme);
        found.push(...(await audit(page)).map((violation) => `${path} ${size} ${colorScheme}: ${violation}`));
      }
    }
    await context.close();
  }
  return found;
}

test("accessibility: every page with jobs, in both themes", async () => {
  assert.deepEqual(await auditAll(full, addresses(await realIds(full))), []);
});

test("accessibility: every page without any, in both themes", async () => {
  assert.deepEqual(await auditAll(empty, addresses(null)), []);
});

test("accessibility: the palette, the help and a phone's other pages", async () => {
  const found = [];
  for (const colorScheme of ["light", "dark"]) {
    const context = await browser.newContext({ ...SIZES.desktop, colorScheme });
    const page = await context.newPage();
    await page.goto(full.url);
    await settled(page);
    await page.keyboard.press("Control+k");
    await page.waitForSelector("[role=combobox]");
    found.push(...(await audit(page)));
    await page.keyboard.press("Escape");
    await page.waitForSelector("dialog", { state: "detached" });
    await page.keyboard.press("?");
    await page.waitForSelector("dialog[aria-label=Keyboard]");
    found.push(...(await audit(page)));
    await context.close();

    const phone = await browser.newContext({ ...SIZES.phone, colorScheme });
    const small = await phone.newPage();
    await small.goto(full.url);
    await settled(small);
    await small.tap("nav button[aria-haspopup=dialog]");
    await small.waitForSelector("dialog[aria-label='More pages']");
    found.push(...(await audit(small)));
    await phone.close();
  }
  assert.deepEqual(found, []);
});

test("accessibility: what a finger needs is large enough on a phone", async () => {
  const context = await browser.newContext({ ...SIZES.phone });
  const page = await context.newPage();
  await page.goto(`${full.url}/operations`);
  await settled(page);
  await page.waitForSelector("[data-testid=operation-card] button[aria-label^=Cancel]");
  const heights = await page.evaluate(() =>
    [...document.querySelectorAll("nav a, nav button, [data-testid=operation-card] button")].filter((each) => each.checkVisibility()).map((each) => each.getBoundingClientRect().height),
  );
  assert.ok(heights.length >= 5, `${heights.length} controls`);
  assert.deepEqual(heights.filter((height) => height < 40), []);
  await context.close();
});

test("accessibility: with the system's own colours a bar still shows how far it is", async () => {
  const context = await browser.newContext({ ...SIZES.desktop, forcedColors: "active" });
  const page = await context.newPage();
  await page.goto(`${full.url}/operations`);
  await settled(page);
  const bar = await page.waitForSelector("[role=progressbar] > *", { state: "attached" });
  const [fill, track] = await bar.evaluate((element) => [element, element.parentElement].map((each) => getComputedStyle(each).backgroundColor));
  assert.notEqual(fill, track);
  await context.close();
});
