/** Trainings are deleted from the table and from their page, and other open pages drop them at once. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { audit } from "./support/audit.mjs";
import { connection, eventually, openPage, startBrowser } from "./support/browser.mjs";
import { ended, prepareActivations, startHeadway, startTraining, until } from "./support/headway.mjs";

let headway;
let browser;
const made = [];

before(async () => {
  headway = await startHeadway();
  const extraction = await prepareActivations(headway, { documents: 60 });
  for (const name of ["first", "second", "third"]) {
    const training = await startTraining(headway, extraction, { name, total_steps: 20, checkpoint_every: 20 });
    await ended(headway, name, training.job_id);
    made.push(training);
  }
  made.push(await startTraining(headway, extraction, { name: "runs", total_steps: 1_000_000 }));
  browser = await startBrowser();
});
after(async () => {
  await browser?.close();
  await headway?.stop();
});

const names = (page) => page.$$eval("[data-testid=training-row] [data-row-link]", (links) => links.map((link) => link.textContent));

test("what has ended is deleted by keyboard, the rest stays, and whoever looks sees it go", async () => {
  const { page, problems } = await openPage(browser, `${headway.url}/trainings`);
  const { page: other } = await openPage(browser, `${headway.url}/trainings`);
  const { page: detail } = await openPage(browser, `${headway.url}/trainings/${made[0].id}`);
  for (const each of [page, other, detail]) await connection(each, "live");
  await page.waitForSelector("[data-testid=training-row] >> nth=3");
  await other.waitForSelector("[data-testid=training-row] >> nth=3");
  await detail.waitForSelector("[data-testid=training-detail]");
  for (const name of ["first", "second", "runs"]) await page.check(`[aria-label="Select ${name}"]`);
  // Of three one runs.
  await page.focus('[data-testid=bulk-bar] button:has-text("Delete…")');
  await page.keyboard.press("Enter");
  await page.waitForSelector('dialog[open]:has-text("Delete 2 trainings?")');
  assert.deepEqual(await audit(page), []);
  await page.keyboard.press("Escape");
  await page.waitForSelector("dialog[open]", { state: "detached" });
  assert.equal((await names(page)).length, 4);
  await page.click('[data-testid=bulk-bar] button:has-text("Delete…")');
  await page.focus('dialog button[type=submit]');
  await page.keyboard.press("Enter");
  await page.waitForSelector("dialog[open]", { state: "detached" });
  for (const each of [page, other]) {
    await eventually(each, "rows to go", () => document.querySelectorAll("[data-testid=training-row]").length, (n) => n === 2);
    assert.deepEqual((await names(each)).sort(), ["runs", "third"]);
  }
  await detail.waitForSelector(`text=the training ${made[0].id} was deleted`);
  assert.deepEqual(problems, []);
});

test("from its own page, which says so; its job's page goes on", async () => {
  const { page, problems } = await openPage(browser, `${headway.url}/trainings/${made[2].id}`);
  await page.click('[data-testid=training-detail] button:has-text("Delete…")');
  await page.waitForSelector(`dialog[open] li:has-text("${made[2].output_path} stays")`);
  assert.deepEqual(await audit(page), []);
  await page.click("dialog button[type=submit]");
  await page.waitForSelector(`text=the training ${made[2].id} was deleted`);
  assert.deepEqual(await audit(page), []);
  await page.goto(`${headway.url}/jobs/${made[2].job_id}`);
  await page.waitForSelector("text=Its training");
  await page.goto(`${headway.url}/trainings/${made[2].id}`);
  await page.waitForSelector(`text=there is no training ${made[2].id}`);
  await page.goto(`${headway.url}/trainings/${made[3].id}`);
  await page.waitForSelector("[data-testid=training-detail][data-status=running]");
  assert.equal(await page.$('[data-testid=training-detail] button:has-text("Delete…")'), null);
  assert.deepEqual(problems, []);
  await headway.post(`/jobs/${made[3].job_id}/cancel`);
  await until("the end", () => headway.get(`/jobs/${made[3].job_id}`), ({ status }) => status === "cancelled");
});
