import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { connection, eventually, openPage, startBrowser } from "./support/browser.mjs";
import { prepareActivations, SLOW, startHeadway, startTraining } from "./support/headway.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
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

test("operations-dashboard: an empty server says how to start", async () => {
  const { page, problems } = await openPage(browser, headway.url);
  await connection(page, "live");
  await page.waitForSelector("[data-testid=empty-operations]");
  assert.deepEqual(problems, []);
});

test("operations-dashboard: a training appears, its resources are shown, and it leaves when it is complete", async () => {
  const extraction = await prepareActivations(headway);
  const { page, problems } = await openPage(browser, `${headway.url}/operations`);
  await connection(page, "live");
  const training = await startTraining(headway, extraction, { name: "watched training", ...SLOW });
  const card = `[data-testid=operation-card][data-job-id="${training.job_id}"]`;
  await page.waitForSelector(card, { timeout: 15_000 });
  await page.waitForSelector(`${card}[data-status=running]`, { timeout: 60_000 });
  await page.waitForFunction((selector) => /\d/.test(document.querySelector(`${selector} [data-testid=card-loss]`)?.textContent ?? ""), card, { timeout: 30_000 });
  await page.waitForFunction(
    (selector) => /CPU \d/.test(document.querySelector(`${selector} [data-testid=operation-resources]`)?.textContent ?? ""),
    card,
    { timeout: 30_000 },
  );
  assert.match((await page.textContent("[data-testid=resources]")) ?? "", /watched training/);
  assert.deepEqual(await audit(page), []);

  await page.waitForSelector(card, { state: "detached", timeout: 240_000 });
  const row = page.locator(`[data-testid=finished-operation][data-job-id="${training.job_id}"]`);
  await row.waitFor({ timeout: 15_000 });
  assert.match((await row.textContent()) ?? "", /completed/);
  assert.deepEqual(problems, []);
});

test("operations-dashboard: cancel is seen as asked, stopping, stopped", async () => {
  const [extraction] = (await headway.get("/extractions")).items;
  const training = await startTraining(headway, extraction.id, { name: "to be cancelled", total_steps: 100_000 });
  const { page } = await openPage(browser, `${headway.url}/operations`);
  const card = `[data-testid=operation-card][data-job-id="${training.job_id}"]`;
  await page.waitForSelector(`${card}[data-status=running]`, { timeout: 60_000 });
  await page.click(`${card} button[aria-label^=Cancel]`);
  await eventually(page, "the finished row", () => document.querySelector("[data-testid=finished-list]")?.textContent ?? "", (text) =>
    /to be cancelled.*cancelled/.test(text),
  );
  assert.equal((await headway.get(`/jobs/${training.job_id}`)).status, "cancelled");
});

test("operations-dashboard: a training is paused, uses nothing, and goes on from where it was", async () => {
  const [extraction] = (await headway.get("/extractions")).items;
  const training = await startTraining(headway, extraction.id, { name: "to be paused", total_steps: 100_000 });
  const { page } = await openPage(browser, `${headway.url}/operations`);
  const card = `[data-testid=operation-card][data-job-id="${training.job_id}"]`;
  await page.waitForSelector(`${card}[data-status=running]`, { timeout: 60_000 });
  await page.click(`${card} button[aria-label^=Pause]`);
  await page.waitForSelector(`${card}[data-status=paused]`, { timeout: 60_000 });
  const { progress } = await headway.get(`/jobs/${training.job_id}`);
  await page.waitForFunction((at) => /CPU 0\s%/.test(document.querySelector(`${at} [data-testid=operation-resources]`)?.textContent ?? ""), card);
  await page.click(`${card} button[aria-label^=Resume]`);
  await page.waitForSelector(`${card}[data-status=running]`, { timeout: 60_000 });
  assert.ok((await headway.get(`/jobs/${training.job_id}`)).progress >= progress);
  await page.click(`${card} button[aria-label^=Cancel]`);
  await page.waitForSelector(card, { state: "detached", timeout: 60_000 });
});

test("every page is clean by axe, in both themes", async () => {
  const [training] = (await headway.get("/trainings")).items;
  for (const colorScheme of ["dark", "light"]) {
    for (const path of ["/trainings", `/trainings/${training.id}`, "/system", "/models", "/datasets", "/settings", "/nowhere"]) {
      const { page } = await openPage(browser, headway.url + path, { colorScheme });
      await connection(page, "live");
      assert.deepEqual(await audit(page), [], `${path} ${colorScheme}`);
      await page.context().close();
    }
  }
});
