import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { connection, eventually, openPage, startBrowser } from "./support/browser.mjs";
import { prepareActivations, SLOW, startHeadway, startTraining } from "./support/headway.mjs";

let headway;
let browser;
let extraction;

before(async () => {
  headway = await startHeadway(["--progress-history-step-percent", "1", "--progress-history-interval-seconds", "1"]);
  browser = await startBrowser();
  extraction = await prepareActivations(headway);
});
after(async () => {
  await browser?.close();
  await headway?.stop();
});

test("training-progress: the bar goes from 0 to 100, loss and sparsity update, charts grow, completed", async () => {
  // One CPU slot: a first training holds it until the page watches, so that it sees the second from its very start.
  const first = await startTraining(headway, extraction, { name: "first", ...SLOW, total_steps: 10_000_000 });
  const training = await startTraining(headway, extraction, SLOW);
  const { page, problems, requests } = await openPage(browser, `${headway.url}/trainings/${training.id}`);
  await connection(page, "live");

  await page.evaluate(() => {
    window.seen = { progress: [], loss: new Set(), l0: new Set(), points: [] };
    const read = () => {
      const text = (id) => document.querySelector(`[data-testid=${id}]`)?.textContent ?? "";
      const bar = document.querySelector('[data-testid=training-detail] [role=progressbar]');
      const value = Number(bar?.getAttribute("aria-valuenow") ?? NaN);
      const { seen } = window;
      if (!Number.isNaN(value) && seen.progress[seen.progress.length - 1] !== value) seen.progress.push(value);
      seen.loss.add(text("training-loss"));
      seen.l0.add(text("training-l0"));
      const points = Number(document.querySelector('[data-testid=chart-loss]')?.getAttribute("data-points") ?? 0);
      if (points !== seen.points[seen.points.length - 1]) seen.points.push(points);
    };
    new MutationObserver(read).observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true });
    read();
  });
  assert.equal((await fetch(`${headway.url}/api/v1/jobs/${first.job_id}/cancel`, { method: "POST" })).status, 202);

  await page.waitForSelector("[data-testid=training-detail][data-status=completed]", { timeout: 240_000 });
  await eventually(page, "bar at 100", () => document.querySelector('[data-testid=training-detail] [role=progressbar]')?.getAttribute("aria-valuenow"), (value) => value === "100");
  const seen = await page.evaluate(() => ({
    progress: window.seen.progress,
    loss: [...window.seen.loss],
    l0: [...window.seen.l0],
    points: window.seen.points,
  }));
  assert.equal(seen.progress[0], 0, "the bar starts at 0");
  assert.equal(seen.progress.at(-1), 100);
  assert.ok(seen.progress.length > 4, `the bar moved in steps: ${seen.progress}`);
  assert.deepEqual(seen.progress, [...seen.progress].sort((a, b) => a - b), "the bar never went back");
  assert.ok(seen.loss.length > 4, `loss updated: ${seen.loss}`);
  assert.ok(seen.l0.length > 1, `L0 updated: ${seen.l0}`);
  assert.ok(seen.points.length > 4, `the chart gained points: ${seen.points}`);
  assert.equal(await page.textContent("[data-testid=training-status]"), "completed");
  await page.getByRole("tab", { name: /^Checkpoints/ }).click();
  assert.ok((await page.locator("[data-testid=checkpoints] tbody tr").count()) > 0);
  assert.match(page.url(), /tab=checkpoints/);
  assert.deepEqual(problems, []);
  for (const request of requests) assert.ok(request.startsWith(headway.url), `a request left for ${request}`);
  assert.equal((await headway.get(`/trainings/${first.id}`)).status, "cancelled");

  // Whoever comes later sees how the job's own use of the machine went, too.
  const later = await openPage(browser, `${headway.url}/trainings/${training.id}`);
  await later.page.waitForFunction(() => Number(document.querySelector("[data-testid=usage-memory]")?.getAttribute("data-points") ?? 0) > 1, undefined, { timeout: 20_000 });
  assert.match((await later.page.textContent("[data-testid=resources]")) ?? "", /means between the snapshots of its progress are kept/);
});
