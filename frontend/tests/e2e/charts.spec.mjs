import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { hostname } from "node:os";
import { after, before, test } from "node:test";
import { connection, eventually, openPage, startBrowser } from "./support/browser.mjs";
import { startHeadway } from "./support/headway.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const STEPS = 4000;
let headway;
let browser;
let training;
/** A job of our own that goes on reporting. */
let job;

/** Reports as a program of its own does, by the worker's side of the API; on the server's machine, which is drawn beneath it. */
async function attach(name) {
  const worker = await headway.post("/workers", { host: hostname(), pid: 1, version: "0", slots: {} });
  const { job_id, lease } = await headway.post(`/workers/${worker.id}/jobs`, { kind: "command", name, params: { command: ["x"], cwd: "/" }, resource_class: "cpu" });
  let batch = 0;
  const report = (events) => headway.post(`/workers/${worker.id}/report`, { batch: ++batch, reports: [{ job_id, attempt: 1, lease, events }] });
  await report([{ type: "started", pid: 1 }, { type: "phase", name: "training", index: 1, count: 1, from: 0, to: 100 }]);
  return { id: job_id, report };
}

function rows(step, ts) {
  const loss = step === 1234 ? 50 : 2 * Math.exp(-step / 900) + 0.1;
  const metric = (layer, factor) => ({ type: "metric", step, layer, ts, loss: loss * factor, learning_rate: 0.001, ...(layer === null ? { "val/accuracy": 1 - loss / 60 } : {}) });
  return [metric(null, 1), metric(3, 0.9), metric(7, 1.1)];
}

before(async () => {
  headway = await startHeadway(["--no-worker", "--system-monitor-interval-seconds", "0.5"]);
  browser = await startBrowser();
  job = await attach("charts");
  const began = Date.now() / 1000 - 40;
  for (let from = 0; from < STEPS; from += 500) {
    await job.report(Array.from({ length: 500 }, (_, i) => rows(from + i, began + ((from + i) * 40) / STEPS)).flat());
  }
  await job.report([{ type: "checkpoint", step: 2000, path: "/checkpoints/2000", loss: 0.3, size_bytes: 1000 }]);
  training = (await headway.get(`/jobs/${job.id}`)).entity_id;
});
after(async () => {
  await browser?.close();
  await headway?.stop();
});

const active = (page) =>
  page.evaluate(() => Object.fromEntries([...document.querySelectorAll("figure[data-testid]")].map((it) => [it.dataset.testid, it.querySelectorAll("canvas").length])));

async function openTraining(query = "", context = {}) {
  const opened = await openPage(browser, `${headway.url}/trainings/${training}${query}`, context);
  await connection(opened.page, "live");
  await opened.page.waitForSelector("[data-testid=chart-loss] canvas");
  return opened;
}

test("every metric has a chart, also what a job calls by its own name, and only those in sight are drawn [34]", async () => {
  const { page, problems } = await openTraining("", { viewport: { width: 1440, height: 400 } });
  await page.waitForSelector("[data-testid=machine-cpu]");
  // The newest event may have drawn before the rows were there, and it knows no names of a job's own.
  await page.waitForSelector("[data-testid='chart-val/accuracy']");
  const charts = await active(page);
  assert.deepEqual(Object.keys(charts).filter((name) => name.startsWith("chart-")), ["chart-loss", "chart-learning_rate", "chart-val/accuracy"]);
  assert.equal(charts["chart-loss"], 1);
  assert.equal(charts["machine-network"], 0);
  await page.locator("[data-testid=machine-network]").scrollIntoViewIfNeeded();
  await page.waitForSelector("[data-testid=machine-network] canvas");
  await eventually(page, "the first chart gone", () => document.querySelectorAll("[data-testid=chart-loss] canvas").length, (count) => count === 0);
  assert.deepEqual(problems, []);
  await page.context().close();
});

test("dragging zooms, asks for finer rows and stands in the address; a double-click shows the whole", async () => {
  const { page, requests, problems } = await openTraining();
  const box = await page.locator("[data-testid=chart-loss] .u-over").boundingBox();
  const finer = page.waitForResponse((response) => response.url().includes("from_step="));
  await page.mouse.move(box.x + box.width * 0.25, box.y + 40);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.5, box.y + 60, { steps: 3 });
  await page.mouse.up();
  assert.equal((await finer).status(), 200);
  const [from, to] = new URL(page.url()).searchParams.get("zoom").split("~").map(Number);
  assert.ok(Math.abs(from - STEPS * 0.25) < STEPS * 0.05 && Math.abs(to - STEPS * 0.5) < STEPS * 0.05, `${from} to ${to}`);
  assert.ok(requests.some((url) => /from_step=\d+&to_step=\d+/.test(url)));

  await page.reload();
  await page.waitForSelector("[data-testid=chart-loss] canvas");
  assert.equal(new URL(page.url()).searchParams.get("zoom"), `${from}~${to}`);
  assert.ok(await page.getByRole("button", { name: "Whole run" }).isEnabled());
  await page.locator("[data-testid=chart-loss] .u-over").dblclick();
  await eventually(page, "the whole again", () => window.location.search, (search) => !search.includes("zoom"));
  assert.deepEqual(problems, []);
  await page.context().close();
});

test("one cursor stands at the same moment over curves and machine", async () => {
  const { page } = await openTraining("?x=wall", { viewport: { width: 1440, height: 2400 } });
  await page.waitForSelector("[data-testid=machine-cpu] canvas");
  await page.locator("[data-testid=chart-loss] .u-over").hover({ position: { x: 200, y: 50 } });
  const places = await eventually(
    page,
    "the cursor everywhere",
    () => [...document.querySelectorAll(".u-cursor-x")].map((it) => Math.round(new window.DOMMatrix(it.style.transform).m41)),
    (all) => all.length >= 7 && all.every((at) => at > 0),
  );
  for (const at of places) assert.ok(Math.abs(at - 200) <= 2, `cursors at ${places}`);
  await page.context().close();
});

test("new rows are asked for by themselves and appended [33]", async () => {
  const { page, requests } = await openTraining();
  const whole = (url) => url.includes("/metrics?") && !url.includes("since_step");
  await eventually(page, "a curve", () => Number(document.querySelector("[data-testid=chart-loss]").dataset.points), (points) => points > 100);
  const before = requests.filter(whole).length;
  const points = await page.getAttribute("[data-testid=chart-loss]", "data-points");
  await job.report([...rows(STEPS, Date.now() / 1000), ...rows(STEPS + 1, Date.now() / 1000)]);
  await eventually(page, "two points more", () => Number(document.querySelector("[data-testid=chart-loss]").dataset.points), (now) => now === Number(points) + 2);
  const since = requests.filter((url) => url.includes("since_step"));
  assert.ok(since.length > 0);
  assert.match(since[0], new RegExp(`since_step=${STEPS - 1}`));
  assert.equal(requests.filter(whole).length, before);
  await page.context().close();
});

test("what is shown can be taken away: as CSV, with the spike, and as a table", async () => {
  const { page } = await openTraining();
  const menu = page.getByRole("button", { name: "Loss: save, or show as a table" });
  await menu.click();
  const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("menuitem", { name: "Save as CSV" }).click()]);
  assert.equal(file.suggestedFilename(), "charts-Loss.csv");
  const lines = readFileSync(await file.path(), "utf8").split("\r\n");
  assert.equal(lines[0], "step,time,layer 3,layer 7,all layers");
  assert.ok(lines.some((line) => line.startsWith("1234,") && line.endsWith(",50")), "the spike of one step is there");
  await menu.click();
  const [picture] = await Promise.all([page.waitForEvent("download"), page.getByRole("menuitem", { name: "Save as PNG" }).click()]);
  assert.deepEqual([...readFileSync(await picture.path()).subarray(1, 4)], [...Buffer.from("PNG")]);
  await menu.click();
  await page.getByRole("menuitem", { name: "Show as a table" }).click();
  assert.ok((await page.locator("[data-testid=chart-loss] [role=region] tbody tr").count()) > 100);
  await page.context().close();
});

test("scales, smoothing, layers and tab are in the address and come back from it", async () => {
  const { page, problems } = await openTraining();
  await page.getByRole("button", { name: "Time", exact: true }).click();
  await page.getByRole("button", { name: "Log y" }).click();
  await page.getByRole("slider", { name: /Smooth/ }).fill("0.6");
  await page.getByRole("group", { name: "Layers" }).getByRole("button", { name: "layer 3" }).click();
  const search = new URL(page.url()).searchParams;
  assert.deepEqual(["x", "scale", "smooth", "layers"].map((name) => search.get(name)), ["relative", "log", "0.6", "all,7"]);
  await page.reload();
  await page.waitForSelector("[data-testid=chart-loss] canvas");
  assert.equal(await page.getByRole("button", { name: "Log y" }).getAttribute("aria-pressed"), "true");
  assert.equal(await page.getByRole("group", { name: "Layers" }).getByRole("button", { name: "layer 3" }).getAttribute("aria-pressed"), "false");
  await page.getByRole("tab", { name: "Overview" }).press("ArrowRight");
  assert.match(page.url(), /tab=checkpoints/);
  assert.deepEqual(problems, []);
  await page.context().close();
});

for (const [name, context] of [["light", { colorScheme: "light" }], ["dark", { colorScheme: "dark" }], ["phone", { viewport: { width: 390, height: 844 } }]]) {
  test(`axe finds nothing and nothing overflows: ${name}`, async () => {
    for (const query of ["?smooth=0.5", "?tab=checkpoints", "?tab=parameters"]) {
      const { page } = await openPage(browser, `${headway.url}/trainings/${training}${query}`, context);
      await connection(page, "live");
      await page.waitForSelector(query.includes("tab") ? "[role=tabpanel] .panel" : "[data-testid=chart-loss] canvas");
      await page.evaluate(AXE);
      const { violations } = await page.evaluate(() => window.axe.run());
      assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" | ").slice(0, 300)}`), []);
      assert.ok((await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)) <= 0);
      await page.context().close();
    }
  });
}
