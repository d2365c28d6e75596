import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { attach, ENDED, output, STARTED } from "./support/attached.mjs";
import { connection, eventually, openPage, startBrowser } from "./support/browser.mjs";
import { startHeadway, until } from "./support/headway.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const CRASHED = [output("ValueError: nan", "stderr"), { type: "exited", code: 1, signal: null }];
let headway;
let browser;

before(async () => {
  headway = await startHeadway();
  browser = await startBrowser();
});
after(async () => {
  await browser?.close();
  await headway?.stop();
});

async function audit(page) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => window.axe.run());
  return violations.map((violation) => `${violation.id}: ${violation.nodes[0]?.html}`);
}

const unread = () => document.querySelector("[data-testid=bell]")?.getAttribute("data-unread");

test("notifications: a failure is a toast and an unread notice, an end a notice; seen and after a reload they are no news", async () => {
  const run = await attach(headway, ["breaks", "goes well"]);
  await run.report([STARTED]);
  const { page, problems } = await openPage(browser, `${headway.url}/operations`);
  await connection(page, "live");
  await page.locator("[data-testid=operation-card]", { hasText: "breaks" }).waitFor();
  await run.report((i) => (i === 0 ? CRASHED : [ENDED]));
  run.silence();
  await page.locator("[data-testid=toast]", { hasText: "breaks failed" }).waitFor();
  await eventually(page, "two unread", unread, (n) => n === "2");
  await eventually(page, "the voice", () => document.querySelector("[data-testid=spoken]")?.textContent, (text) => /failed/.test(text ?? ""));
  assert.equal(await page.locator("[data-testid=toast]").count(), 1, "an end that went well is no toast");
  assert.deepEqual(await audit(page), []);

  await page.click("[data-testid=bell]");
  assert.equal(await page.locator("[data-testid=notice]").count(), 2);
  assert.deepEqual(await audit(page), []);
  await page.keyboard.press("Escape");
  assert.equal(await page.evaluate(() => document.activeElement?.getAttribute("data-testid")), "bell", "the focus goes back");
  await eventually(page, "all read", unread, (n) => n === "0");

  await page.reload();
  await connection(page, "live");
  await page.locator("[data-testid=failed-operation]", { hasText: "breaks" }).waitFor();
  assert.equal(await page.locator("[data-testid=toast]").count(), 0, "old news is no toast");
  assert.equal(await page.evaluate(unread), "0");
  await page.click("[data-testid=bell]");
  await page.locator("[data-testid=notice]", { hasText: "breaks" }).click();
  await page.waitForSelector("[data-testid=job-page][data-status=failed]");
  assert.deepEqual(problems, []);
});

test("notifications: nobody is told of what he cancelled himself", async () => {
  const run = await attach(headway, ["cancelled by me", "ends after it"]);
  await run.report([STARTED]);
  const { page, problems } = await openPage(browser, `${headway.url}/operations`);
  const card = page.locator("[data-testid=operation-card]", { hasText: "cancelled by me" });
  await card.getByRole("button", { name: /^Cancel/ }).click();
  await until("the job to be told", () => headway.get(`/jobs/${run.jobs[0].job_id}`), ({ status }) => status === "cancelling");
  await run.report([{ type: "exited", code: null, signal: 15 }], run.jobs.slice(0, 1));
  await page.locator("[data-testid=finished-operation]", { hasText: "cancelled by me" }).waitFor();
  // What ends later is told: so the end before it was not held up, but left out.
  await run.report([ENDED], run.jobs.slice(1));
  run.silence();
  await eventually(page, "one unread", unread, (n) => n === "1");
  await page.click("[data-testid=bell]");
  assert.match((await page.textContent("[data-testid=notice]")) ?? "", /ends after it/);
  assert.deepEqual(problems, []);
});

test("notifications: a job that falls silent is told, and outside the page only if the user has said so", async () => {
  const other = await startHeadway(["--no-worker", "--lease-seconds", "2"]);
  try {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
    // The browser's own part is played: who asks it, and what it is given to show.
    await context.addInitScript(() => {
      window.shown = [];
      window.asked = 0;
      function Shown(title, { tag }) {
        window.shown.push([title, tag]);
      }
      Shown.permission = localStorage.getItem("test.permission") ?? "default";
      Shown.requestPermission = () => {
        window.asked += 1;
        Shown.permission = "granted";
        localStorage.setItem("test.permission", "granted");
        return Promise.resolve("granted");
      };
      window.Notification = Shown;
    });
    const page = await context.newPage();
    await page.goto(`${other.url}/operations`);
    await connection(page, "live");
    assert.equal(await page.evaluate(() => window.asked), 0, "nobody is asked by himself");
    await page.click("[data-testid=bell]");
    await page.getByRole("button", { name: "Tell me outside this page too" }).click();
    await page.getByLabel("Tell me outside this page").waitFor();
    assert.equal(await page.evaluate(() => window.asked), 1);
    await page.keyboard.press("Escape");
    await page.evaluate(() => Object.defineProperty(document, "hidden", { value: true, configurable: true }));
    const run = await attach(other, ["falls silent"]);
    await run.report([STARTED]);
    run.silence();
    const shown = await eventually(page, "the browser's notification", () => window.shown, (list) => list.length > 0);
    assert.equal(shown[0][0], "falls silent stalled");
    assert.equal(await page.evaluate(unread), "1");
  } finally {
    await other.stop();
  }
});
