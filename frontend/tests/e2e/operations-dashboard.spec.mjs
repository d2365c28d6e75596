import assert from "node:assert/strict";
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { attach, ENDED, output, resources, STARTED, startWorker } from "./support/attached.mjs";
import { connection, eventually, openPage, startBrowser } from "./support/browser.mjs";
import { prepareActivations, sample, SLOW, startHeadway, startTraining, until } from "./support/headway.mjs";

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

test("operations-dashboard: what a job asked for as it was cancelled goes on from its checkpoint when it is retried", async () => {
  const [extraction] = (await headway.get("/extractions")).items;
  const training = await startTraining(headway, extraction.id, { name: "to be retried", total_steps: 100_000, checkpoint_every: 100 });
  await until("a checkpoint", () => headway.get(`/trainings/${training.id}/checkpoints`), ({ items }) => items.length > 0);
  await headway.post(`/jobs/${training.job_id}/cancel`);
  const { page, problems } = await openPage(browser, `${headway.url}/operations?q=retried`);
  await page.click("[data-testid=finished-list] button[aria-label^=Retry]");
  await page.getByLabel(/Go on from its newest checkpoint/).waitFor();
  await page.click("dialog button[type=submit]");
  const card = page.locator("[data-testid=operation-card]", { hasText: "to be retried" });
  await card.waitFor({ timeout: 30_000 });
  const id = await card.getAttribute("data-job-id");
  const job = await until("it to run", () => headway.get(`/jobs/${id}`), ({ status, done }) => status === "running" && done > 0);
  assert.equal(job.retry_of, training.job_id);
  assert.ok(job.done >= 100, `from the checkpoint, not from step ${job.done}`);
  await headway.post(`/jobs/${id}/cancel`);
  await card.waitFor({ state: "detached", timeout: 60_000 });
  assert.deepEqual(problems, []);
});

test("operations-dashboard: a failure is retried with a changed parameter, dismissed, and the dismissal taken back", async () => {
  const folder = mkdtempSync(join(process.env.TMPDIR ?? tmpdir(), "headway-e2e-corpus-"));
  try {
    const file = join(folder, "notes.jsonl.gz");
    copyFileSync(sample("corpus/kjv.jsonl.gz"), file);
    const [model] = (await headway.get("/models")).items;
    const dataset = await headway.post("/datasets", { path: file });
    rmSync(file); // it went away after it was imported
    const lost = await headway.post(`/datasets/${dataset.id}/tokenize`, { model_id: model.id, max_documents: 500 });
    await until("the failure", () => headway.get(`/jobs/${lost.id}`), ({ status }) => status === "failed");
    const { page, problems } = await openPage(browser, `${headway.url}/operations?show=failed`);
    const row = page.locator(`[data-testid=failed-operation][data-job-id="${lost.id}"]`);
    await row.waitFor({ timeout: 15_000 });

    await row.getByRole("button", { name: /^Dismiss/ }).click();
    await row.waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Undo", exact: true }).click();
    await row.waitFor();
    assert.equal((await until("the dismissal to be taken back", () => headway.get(`/jobs/${lost.id}`), ({ dismissed }) => !dismissed)).dismissed, false);

    copyFileSync(sample("corpus/kjv.jsonl.gz"), file);
    await row.getByRole("button", { name: /^Retry/ }).click();
    await page.getByText("Change parameters").click();
    const field = page.getByLabel("max_documents", { exact: true });
    await field.fill("-3");
    await page.click("dialog button[type=submit]");
    await page.getByRole("alert").filter({ hasText: "max_documents" }).waitFor();
    assert.equal(await field.getAttribute("aria-invalid"), "true");
    assert.deepEqual(await audit(page), []);
    await field.fill("40");
    await page.click("dialog button[type=submit]");
    await page.locator("dialog").waitFor({ state: "detached" });
    await row.waitFor({ state: "detached" });
    const { retried_by: id } = await headway.get(`/jobs/${lost.id}`);
    const retried = await until("the retry to end", () => headway.get(`/jobs/${id}`), ({ status }) => status === "completed");
    assert.equal(retried.params.max_documents, 40);
    assert.deepEqual(problems, []);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("operations-dashboard: two hundred jobs are rows, narrowed by words, kind and host in the address", async () => {
  const many = await attach(headway, Array.from({ length: 200 }, (_, i) => `sweep-${i}`), { host: "elsewhere" });
  await many.report([STARTED]);
  const { page, problems } = await openPage(browser, `${headway.url}/operations`);
  await eventually(page, "two hundred running", () => document.querySelector("[data-testid=count-running]")?.textContent, (text) => text === "Running200");
  assert.equal(await page.locator("[data-testid=under-way]").getAttribute("data-layout"), "rows");
  assert.ok((await page.locator("[data-testid=operation-card]").count()) < 40, "only the first are drawn");
  await many.report((i) => [{ type: "progress", done: i, total: 400, unit: "files" }, resources(1, 1 << 20)]);
  await page.getByLabel("Filter operations").fill("sweep-17");
  await eventually(page, "those that match", () => document.querySelectorAll("[data-testid=operation-card]").length, (n) => n === 11);
  await page.getByText("44.2").waitFor(); // sweep-177
  assert.match(page.url(), /q=sweep/);
  await page.getByLabel("Host", { exact: true }).selectOption("elsewhere");
  await page.getByLabel("Kind", { exact: true }).selectOption("command");
  await page.reload();
  await eventually(page, "the same after a reload", () => document.querySelectorAll("[data-testid=operation-card]").length, (n) => n === 11);
  assert.equal(await page.getByLabel("Host", { exact: true }).inputValue(), "elsewhere");
  await many.report((i) => (i % 2 === 0 ? [ENDED] : [output("no space left on device", "stderr"), { type: "exited", code: 1, signal: null }]));
  await page.getByLabel("Filter operations").fill("");
  await page.getByLabel("Host", { exact: true }).selectOption("");
  await page.getByLabel("Kind", { exact: true }).selectOption("");
  await eventually(page, "a hundred failures, counted by the server", () => document.querySelector("[data-testid=count-failed]")?.textContent, (text) => text === "Failed100");
  await page.getByRole("button", { name: /^Dismiss \d+$/ }).click();
  await until("all of them to be dismissed", () => headway.get("/operations?state=failed&limit=1"), ({ counts }) => counts.failed === 0);
  many.silence();
  assert.deepEqual(problems, []);
});

test("operations-dashboard: a list that can't be read takes nothing else away", async () => {
  const one = await attach(headway, ["still shown", "ended before"]);
  await one.report([STARTED]);
  await one.report([ENDED], one.jobs.slice(1));
  const { page } = await openPage(browser, "about:blank");
  let broken = true;
  await page.route("**/api/v1/operations?state=finished*", (route) =>
    broken ? route.fulfill({ status: 500, contentType: "application/json", body: '{"error":{"code":"internal","message":"the disk is full"}}' }) : route.continue(),
  );
  await page.goto(`${headway.url}/operations`);
  await page.locator("[data-testid=operation-card]", { hasText: "still shown" }).waitFor();
  await page.locator("[data-testid=finished-list]", { hasText: "the disk is full" }).waitFor();
  await page.locator("[data-testid=finished-list]").getByRole("button", { name: "Try again" }).waitFor();
  broken = false;
  // At once, if it is still there: the page tries again by itself as well.
  await page.evaluate(() => [...document.querySelectorAll("[data-testid=finished-list] button")].find((it) => it.textContent === "Try again")?.click());
  await page.locator("[data-testid=finished-operation]", { hasText: "ended before" }).waitFor();
  await one.report([ENDED], one.jobs.slice(0, 1));
  one.silence();
});

test("operations-dashboard: pointing at a job shows its part of the machine", async () => {
  const one = await attach(headway, ["points"]);
  await one.report([STARTED, resources(60, 300 << 20)]);
  const { page, problems } = await openPage(browser, `${headway.url}/operations`);
  const segment = `[data-testid=level-memory] [data-testid=segment][data-job-id="${one.jobs[0].job_id}"]`;
  await page.locator(segment).waitFor({ timeout: 30_000 });
  await page.hover(`[data-testid=operation-card][data-job-id="${one.jobs[0].job_id}"]`);
  await page.waitForSelector(`${segment}[data-highlighted=true]`);
  await page.getByRole("button", { name: "Table" }).click();
  const row = page.locator("[data-testid=level-table] tr", { hasText: "points" });
  assert.match((await row.textContent()) ?? "", /300.MiB/);
  assert.match(page.url(), /resources=table/);
  assert.deepEqual(await audit(page), []);
  await one.report([ENDED]);
  one.silence();
  assert.deepEqual(problems, []);
});

test("operations-dashboard: a worker is killed, and its job is stalled, and since when", async () => {
  const other = await startHeadway(["--no-worker", "--lease-seconds", "2"]);
  const worker = await startWorker(other);
  try {
    const extraction = await prepareActivations(other);
    const training = await startTraining(other, extraction, { name: "loses its worker", total_steps: 1_000_000, max_attempts: 2 });
    const { page, problems } = await openPage(browser, `${other.url}/operations`);
    const card = `[data-testid=operation-card][data-job-id="${training.job_id}"]`;
    await page.waitForSelector(`${card}[data-status=running]`, { timeout: 60_000 });
    await worker.kill();
    await page.waitForSelector(`${card}[data-status=stalled]`, { timeout: 30_000 });
    assert.match((await page.textContent(`${card} [data-testid=situation]`)) ?? "", /stalled since \d\d:\d\d:\d\d · .*last report .* ago · its worker may be lost/);
    assert.match((await page.textContent(`${card} [data-testid=resources-source]`)) ?? "", /as of its last report/);
    // Nobody follows that worker: the job waits for the next attempt, and that nobody takes it is said with what to do.
    await page.waitForSelector(`${card}[data-status=queued]`, { timeout: 60_000 });
    assert.match((await page.textContent(card)) ?? "", /attempt 2 of 2/);
    assert.deepEqual(problems, []);
  } finally {
    await worker.kill();
    await other.stop();
  }
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
