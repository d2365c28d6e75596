import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { connection, eventually, openPage, startBrowser } from "./support/browser.mjs";
import { startHeadway, until } from "./support/headway.mjs";

const OPTIONS = ["--system-monitor-interval-seconds", "0.5"];

let headway;
let browser;

before(async () => {
  headway = await startHeadway(OPTIONS);
  browser = await startBrowser();
});
after(async () => {
  await browser?.close();
  await headway?.stop();
});

/** A program that reports from outside, as `headway run` does. */
async function attach(name) {
  const { id } = await headway.post("/workers", { host: "elsewhere", pid: process.pid, version: "0", slots: {} });
  const job = await headway.post(`/workers/${id}/jobs`, { kind: "command", name });
  let batch = 0;
  const report = (...events) =>
    headway.post(`/workers/${id}/report`, {
      batch: (batch += 1),
      reports: [{ job_id: job.job_id, attempt: job.attempt, lease: job.lease, events }],
    });
  return { jobId: job.job_id, report, step: (done) => report({ type: "progress", done, total: 100, unit: "steps" }) };
}

const shown = `(id) => document.querySelector(\`[data-job-id="\${id}"] [data-testid=progress-text]\`)?.textContent ?? ""`;
const progressOf = (page, id, wanted) => eventually(page, `progress ${wanted}`, `(${shown})("${id}")`, (text) => text.startsWith(wanted));

/** Of a chart's canvas: whether there is a stretch without a line between two with one. */
function hasGap() {
  const canvas = document.querySelector("[data-testid=chart-memory] canvas");
  const { width, height } = canvas;
  const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
  const accent = getComputedStyle(document.documentElement).getPropertyValue("--c1").trim();
  const [red, green, blue] = [1, 3, 5].map((at) => parseInt(accent.slice(at, at + 2), 16));
  let runs = 0;
  let empty = Infinity;
  let gaps = 0;
  for (let x = 0; x < width; x += 1) {
    let line = false;
    for (let y = 0; y < height && !line; y += 1) {
      const at = 4 * (y * width + x);
      line = Math.abs(data[at] - red) + Math.abs(data[at + 1] - green) + Math.abs(data[at + 2] - blue) < 60 && data[at + 3] > 120;
    }
    if (line) {
      if (empty > 8 && runs > 0) gaps += 1;
      runs += 1;
      empty = 0;
    } else empty += 1;
  }
  return { gaps, runs };
}

test("reconnect: the server is killed: offline within 3 s; it comes back: live by itself, a gap in the chart, every number right", async () => {
  const running = await attach("survives");
  await running.step(40);
  const { page, problems } = await openPage(browser, `${headway.url}/system`);
  await connection(page, "live");
  const points = () => Number(document.querySelector("[data-testid=chart-memory]")?.getAttribute("data-points") ?? 0);
  await eventually(page, "some points", points, (n) => n >= 6);
  assert.equal((await page.evaluate(hasGap)).gaps, 0, "no gap before");
  await page.click("nav a[href='/operations']");
  await progressOf(page, running.jobId, "40.0");

  await headway.kill();
  const killedAt = Date.now();
  await connection(page, "offline");
  assert.ok(Date.now() - killedAt < 3000, `offline after ${Date.now() - killedAt} ms`);
  // What is shown is greyed, and stays.
  await page.waitForSelector(`[data-job-id="${running.jobId}"] .stale`);
  await progressOf(page, running.jobId, "40.0");
  await page.click("nav a[href='/system']");
  await page.waitForSelector("[data-testid=panel-memory][data-stale=true]", { timeout: 30_000 });
  await page.click("[data-testid=connection] button");
  const failures = () => Number(document.querySelector("[data-testid=connection-failures]")?.textContent ?? 0);
  await eventually(page, "failures are counted", failures, (n) => n >= 2);
  await page.keyboard.press("Escape");

  headway = await headway.again();
  await connection(page, "live");
  await page.waitForSelector("[data-testid=panel-memory][data-stale=false]");
  const after = await page.evaluate(points);
  await eventually(page, "points go on", points, (n) => n >= after + 4);
  await eventually(page, "the gap is drawn", hasGap, ({ gaps }) => gaps === 1);

  // The job was told the server's absence by nobody, and goes on; a second is new to the page.
  await page.click("nav a[href='/operations']");
  await running.step(70);
  const later = await attach("came later");
  await later.step(15);
  await progressOf(page, running.jobId, "70.0");
  await progressOf(page, later.jobId, "15.0");
  await running.report({ type: "exited", code: 0, signal: null });
  const job = await until("the job's end", () => headway.get(`/jobs/${running.jobId}`), ({ status }) => status === "completed");
  assert.equal(job.progress, 100);
  await page.waitForSelector(`[data-testid=operation-card][data-job-id="${running.jobId}"]`, { state: "detached" });
  assert.deepEqual(problems, []);
});
