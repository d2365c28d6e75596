import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { attach, ENDED, output, resources, STARTED } from "./support/attached.mjs";
import { connection, eventually, openPage, startBrowser } from "./support/browser.mjs";
import { startHeadway } from "./support/headway.mjs";

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

const moments = () => [...document.querySelectorAll("[data-testid=moment]")].map((it) => it.textContent);
const rows = () => document.querySelectorAll("[data-testid=log-row]").length;

test("job-page: a command's card leads to its page, with what happened to it, what it uses and what it writes", async () => {
  const run = await attach(headway, ["evaluate checkpoints"]);
  const [job] = run.jobs;
  await run.report([STARTED, { type: "phase", name: "loading", index: 1, count: 2 }, output("reading weights")]);
  const { page, problems } = await openPage(browser, `${headway.url}/operations`);
  await page.getByRole("link", { name: "evaluate checkpoints", exact: true }).first().click();
  await page.waitForSelector("[data-testid=job-page][data-status=running]");
  assert.match(page.url(), new RegExp(`/jobs/${job.job_id}$`));
  assert.match((await page.textContent("[data-testid=situation]")) ?? "", /phase 1 of 2: loading/);
  assert.match((await page.textContent("[data-testid=job-parameters]")) ?? "", /argv/);
  await page.locator("[data-testid=log-row]", { hasText: "reading weights" }).waitFor();

  await run.report([{ type: "phase", name: "evaluating", index: 2, count: 2 }, { type: "progress", done: 30, total: 40, unit: "prompts" }, resources(120, 64 << 20), output("\u001b[32mdone 30\u001b[0m")]);
  await page.locator("[data-testid=log-row]", { hasText: "done 30" }).waitFor();
  await eventually(page, "the phases in the timeline", moments, (texts) => texts.some((it) => it.includes("Phase evaluating")) && texts.some((it) => it.includes("Phase loading")));
  await eventually(page, "its processor", () => document.querySelector("[data-testid=job-cpu]")?.textContent, (text) => /120/.test(text ?? ""));
  assert.deepEqual(await audit(page), []);

  await run.report([{ type: "result", accuracy: 0.75 }, ENDED]);
  run.silence();
  await page.waitForSelector("[data-testid=job-page][data-status=completed]");
  await eventually(page, "the end in the timeline", moments, (texts) => texts.at(-1)?.includes("Completed") === true);
  await eventually(page, "its result", () => document.querySelector("[data-testid=job-result]")?.textContent, (text) => /accuracy.*0.75/.test(text ?? ""));
  assert.deepEqual(problems, []);
});

test("job-page: a crash says why on top of the log, and the log can be searched, filtered and taken along", async () => {
  const run = await attach(headway, ["crashes"]);
  const [job] = run.jobs;
  await run.report([STARTED]);
  for (let part = 0; part < 6; part += 1) {
    await run.report(Array.from({ length: 1000 }, (_, i) => output(`step ${part * 1000 + i} loss ${i % 7}`)));
  }
  await run.report([output("Traceback (most recent call last):", "stderr"), output("RuntimeError: CUDA out of memory", "stderr"), { type: "exited", code: 1, signal: null }]);
  run.silence();
  const { page, problems } = await openPage(browser, `${headway.url}/jobs/${job.job_id}`);
  await connection(page, "live");
  await page.locator("[data-testid=exit-cause]", { hasText: "CUDA out of memory" }).waitFor();
  await page.locator("[data-testid=log-row]", { hasText: "RuntimeError" }).waitFor();
  assert.ok((await page.evaluate(rows)) < 100, "only what is in sight is drawn");

  await page.getByLabel("Search the log").fill("step 5");
  await eventually(page, "the matches", () => document.querySelector("[data-testid=log-matches]")?.textContent, (text) => text === "1000 of 1000");
  await page.locator("mark[data-current=true]").waitFor();
  assert.match((await page.locator("[data-testid=log-row]:has(mark[data-current=true])").textContent()) ?? "", /step 5999/);
  await page.getByRole("button", { name: "The match before" }).click();
  await eventually(page, "the match before", () => document.querySelector("[data-testid=log-row]:has(mark[data-current=true])")?.textContent, (text) => /step 5998/.test(text ?? ""));
  await page.getByLabel("Search the log").fill("step 12 ");
  await eventually(page, "no match among the newest lines", () => document.querySelector("[data-testid=log-matches]")?.textContent, (text) => text === "none");
  for (let i = 0; i < 2; i += 1) {
    const before = await page.evaluate(() => Number(document.querySelector("[data-testid=log-lines]")?.getAttribute("data-rows")));
    await page.getByRole("button", { name: "Read earlier lines" }).click();
    await eventually(page, "earlier lines", () => Number(document.querySelector("[data-testid=log-lines]")?.getAttribute("data-rows")), (n) => n > before);
  }
  await page.locator("[data-testid=log-row]:has(mark)", { hasText: "step 12 " }).waitFor({ timeout: 10_000 });
  assert.deepEqual(await audit(page), []);

  await page.getByLabel("Search the log").fill("");
  await page.getByLabel("Stream").selectOption("stderr");
  await eventually(page, "what it wrote on standard error", () => document.querySelector("[data-testid=log-lines]")?.getAttribute("data-rows"), (n) => n === "2");
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Download the log" }).click()]);
  const text = readFileSync(await download.path(), "utf8");
  assert.equal(text.trim().split("\n").length, 6002);
  assert.match(text, /stderr RuntimeError: CUDA out of memory/);
  assert.equal(download.suggestedFilename(), `${job.job_id}.log`);
  assert.deepEqual(problems, []);
});

test("job-page: what is there is no other job's, and what isn't says so", async () => {
  const { page } = await openPage(browser, `${headway.url}/jobs/job_none`);
  await page.getByText("This job can't be shown").waitFor();
});
