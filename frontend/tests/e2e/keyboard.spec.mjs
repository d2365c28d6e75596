/** The dashboard without a mouse. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { afternoon } from "./support/afternoon.mjs";
import { startBrowser } from "./support/browser.mjs";
import { startHeadway, until } from "./support/headway.mjs";
import { NAVIGATION, settled } from "./support/routes.mjs";

let headway;
let browser;
let running;

before(async () => {
  headway = await startHeadway(["--slots", "cpu=1,gpu=0,io=2"]);
  browser = await startBrowser();
  running = await afternoon(headway);
});
after(async () => {
  await browser?.close();
  await headway?.stop();
});

async function open(path) {
  const context = await browser.newContext({ viewport: { width: 1024, height: 768 }, reducedMotion: "reduce" });
  const page = await context.newPage();
  await page.goto(headway.url + path);
  await settled(page);
  return page;
}

const at = (page, path) => page.waitForFunction((wanted) => window.location.pathname === wanted, path);
/** What has the focus, whether its ring is drawn, and whether it is in sight and not under the header. */
const focused = (page) =>
  page.evaluate(() => {
    const element = document.activeElement;
    const { top, bottom } = element.getBoundingClientRect();
    const style = getComputedStyle(element);
    const header = document.querySelector("header").getBoundingClientRect().bottom;
    return {
      tag: element.tagName.toLowerCase(),
      job: element.closest("[data-job-id]")?.dataset.jobId ?? null,
      training: element.closest("[data-training-id]")?.dataset.trainingId ?? null,
      ring: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
      seen: top >= header - 1 && (bottom <= window.innerHeight + 1 || bottom - top > window.innerHeight - header),
    };
  });

test("keyboard: the first stop skips to the page", async () => {
  const page = await open("/operations");
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Skip to the page");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  assert.ok(await page.evaluate(() => document.querySelector("main").contains(document.activeElement)));
  await page.context().close();
});

test("keyboard: g and a letter go to each page, which then has the focus", async () => {
  const page = await open("/nowhere");
  for (const { key, href } of NAVIGATION) {
    await page.keyboard.press("g");
    await page.keyboard.press(key);
    await at(page, href);
    await page.waitForFunction(() => document.activeElement.id === "main");
  }
  await page.context().close();
});

test("keyboard: j and k move between cards and rows, in sight, and Enter opens", async () => {
  const page = await open("/operations");
  await page.waitForSelector("[data-testid=operation-card]");
  const jobs = [];
  for (let i = 0; i < 6; i += 1) {
    await page.keyboard.press("j");
    const { job, ring, seen } = await focused(page);
    assert.ok(ring, `stop ${i}: the focus is drawn`);
    assert.ok(seen, `stop ${i}: it is in sight`);
    jobs.push(job);
  }
  assert.equal(new Set(jobs).size, jobs.length, "each a stop of its own");
  await page.keyboard.press("k");
  assert.equal((await focused(page)).job, jobs[4]);
  await page.keyboard.press("Escape");
  assert.equal((await focused(page)).tag, "body");

  await page.keyboard.press("g");
  await page.keyboard.press("t");
  await page.waitForSelector("[data-testid=training-row]");
  await page.keyboard.press("j");
  const { training } = await focused(page);
  assert.ok(training);
  await page.keyboard.press("Enter");
  await at(page, `/trainings/${training}`);
  await page.goBack();
  await at(page, "/trainings");
  await page.context().close();
});

test("keyboard: / is the filter, in which keys are letters, and Esc leaves it", async () => {
  const page = await open("/operations");
  await page.keyboard.press("/");
  await page.waitForFunction(() => document.activeElement.tagName === "INPUT");
  await page.keyboard.type("jjgt?");
  assert.equal(new URL(page.url()).pathname, "/operations");
  assert.equal(await page.evaluate(() => document.activeElement.value), "jjgt?");
  await page.keyboard.press("Escape");
  await page.waitForFunction(() => document.activeElement.tagName !== "INPUT");
  await page.context().close();
});

test("keyboard: ? lists the keys, and the focus goes back", async () => {
  const page = await open("/operations");
  await page.waitForSelector("[data-testid=operation-card]");
  await page.keyboard.press("j");
  const before = await focused(page);
  await page.keyboard.press("?");
  const dialog = page.locator("dialog[aria-label=Keyboard]");
  await dialog.waitFor();
  assert.match(await dialog.innerText(), /to the filter[\s\S]*next card or row[\s\S]*System Monitor/);
  await page.keyboard.press("j");
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
  assert.deepEqual(await focused(page), before);
  await page.context().close();
});

test("keyboard: the palette goes to what is found, and pauses and resumes the job that runs", async () => {
  const page = await open("/system");
  await page.keyboard.press("Control+k");
  const field = page.locator("[role=combobox]");
  await field.waitFor();
  await page.waitForFunction(() => document.querySelector("[role=option]")?.textContent?.startsWith("Pause"));
  await field.fill("pause");
  await page.keyboard.press("Enter");
  await field.waitFor({ state: "detached" });
  await until("paused", () => headway.get(`/jobs/${running.job_id}`), ({ status, control }) => status === "paused" || control === "pause");

  await page.keyboard.press("Control+k");
  await field.fill("topk 16");
  await page.waitForFunction(() => /topk 16/.test(document.querySelector("[role=option][aria-selected=true]")?.textContent ?? ""));
  await page.keyboard.press("Enter");
  await at(page, `/trainings/${running.id}`);

  // On its page it is the one that is meant.
  await page.keyboard.press("Control+k");
  await page.waitForFunction(() => /^(Resume|Pause)/.test(document.querySelector("[role=option]")?.textContent ?? ""));
  await field.fill("resume");
  await page.waitForFunction(() => /^Resume.*topk 16/.test(document.querySelector("[role=option][aria-selected=true]")?.textContent ?? ""));
  await page.keyboard.press("Enter");
  await field.waitFor({ state: "detached" });
  await until("going on", () => headway.get(`/jobs/${running.job_id}`), ({ status, control }) => status !== "paused" && control !== "pause");
  await page.context().close();
});

test("keyboard: a cancel by the palette is asked once more, and Esc takes it back", async () => {
  const page = await open(`/trainings/${running.id}`);
  await page.keyboard.press("Control+k");
  const field = page.locator("[role=combobox]");
  await field.fill("cancel topk 16");
  const chosen = page.locator("[role=option][aria-selected=true]");
  await page.waitForFunction(() => /^Cancel.*topk 16/.test(document.querySelector("[role=option][aria-selected=true]")?.textContent ?? ""));
  await page.keyboard.press("Enter");
  assert.match(await chosen.innerText(), /Once more to do it/);
  await page.keyboard.press("Escape");
  await page.waitForFunction(() => !/Once more/.test(document.querySelector("[role=option][aria-selected=true]")?.textContent ?? "Once more"));
  await page.keyboard.press("Escape");
  await field.waitFor({ state: "detached" });
  assert.equal((await headway.get(`/jobs/${running.job_id}`)).status === "cancelling", false);
  await page.context().close();
});
