import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { connection, eventually, openPage, startBrowser } from "./support/browser.mjs";
import { ended, prepareActivations, SLOW, startHeadway, startTraining } from "./support/headway.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const SAME = { n_features: 256, k: 16, batch_size: 256, total_steps: 1200, log_every: 5, seed: 3, threads: 1 };
let headway;
let browser;
let extraction;
let low;
let high;

before(async () => {
  headway = await startHeadway(["--slots", "cpu=2,gpu=0,io=4"]);
  browser = await startBrowser();
  extraction = await prepareActivations(headway);
  low = await startTraining(headway, extraction, { ...SAME, name: "low rate", learning_rate: 0.0005 });
  high = await startTraining(headway, extraction, { ...SAME, name: "high rate", learning_rate: 0.004 });
  for (const training of [low, high]) await ended(headway, training.name, training.job_id);
});
after(async () => {
  await browser?.close();
  await headway?.stop();
});

const attributes = (name) => `[...document.querySelectorAll("[data-testid=compared-run]")].map((row) => row.dataset.${name})`;
const sentence = `document.querySelector("[data-testid=insight-sentence]")?.textContent ?? ""`;
const points = (chart) => `Number(document.querySelector("[data-testid=${chart}]")?.dataset.points ?? 0)`;

/** How many pixels of a chart are of each of these custom properties' colours. */
function painted(page, chart, colors) {
  return page.evaluate(
    ([id, names]) => {
      const canvas = document.querySelector(`[data-testid=${id}] canvas`);
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      return names.map((name) => {
        const hex = window.getComputedStyle(document.documentElement).getPropertyValue(name).trim();
        const want = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
        let found = 0;
        for (let i = 0; i < data.length; i += 4) {
          if (data[i + 3] > 128 && want.every((value, k) => Math.abs(data[i + k] - value) < 24)) found += 1;
        }
        return found;
      });
    },
    [chart, colors],
  );
}

async function axeFinds(page) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target.join(" ")).join(", ")}`);
}

test("compare: two runs of different learning rates over each other, with what differs, who was faster, and a pinned baseline", async () => {
  const { page, problems, requests } = await openPage(browser, `${headway.url}/compare?ids=${low.id},${high.id}`);
  await connection(page, "live");
  await eventually(page, "both curves", points("compare-loss"), (value) => value > 100);
  await eventually(page, "the sentence", sentence, (text) => /low rate/.test(text) && /high rate/.test(text) && /faster|as fast as|equally fast/.test(text));
  const looks = await page.evaluate(attributes("color"));
  assert.equal(new Set(looks).size, 2);
  assert.equal(new Set(await page.evaluate(attributes("dash"))).size, 2, "they differ without colour, too");
  await page.locator("[data-testid=compare-loss]").scrollIntoViewIfNeeded();
  await eventually(page, "a canvas", `document.querySelector("[data-testid=compare-loss] canvas") !== null`, (yes) => yes);
  const until = Date.now() + 20_000;
  let pixels = [];
  while (Date.now() < until && !(pixels.length === 2 && pixels.every((found) => found > 20))) pixels = await painted(page, "compare-loss", looks);
  assert.ok(pixels.every((found) => found > 20), `both lines are drawn: ${pixels}`);

  // What was set differently, and nothing else.
  const settings = await page.evaluate(`[...document.querySelectorAll("[data-testid=setting]")].map((row) => [row.dataset.setting, ...[...row.querySelectorAll("td")].map((cell) => cell.textContent)])`);
  assert.deepEqual(settings, [["learning_rate", "0.0005", "0.004"]]);
  await page.getByRole("group", { name: "Which settings" }).getByRole("button", { name: "All" }).click();
  await page.waitForSelector("[data-setting=batch_size][data-differs=false]");

  // Pinned, the other's results stand against it; the address keeps it.
  await page.getByRole("button", { name: "Pin low rate as the baseline" }).click();
  await page.getByRole("button", { name: "Baseline: low rate" }).waitFor();
  assert.equal(new URL(page.url()).searchParams.get("baseline"), low.id);
  const change = () => page.locator(`[data-run-id=${high.id}] [data-column=final_loss]`).textContent();
  assert.match(await change(), /[+−±][\d.]+/);
  await page.reload();
  await page.getByRole("button", { name: "Baseline: low rate" }).waitFor();
  assert.match(await change(), /[+−±][\d.]+/);
  assert.equal(await page.getByRole("group", { name: "Which settings" }).getByRole("button", { name: "All" }).getAttribute("aria-pressed"), "true");

  // By time, each from its own beginning.
  await page.getByRole("group", { name: "Horizontal axis" }).getByRole("button", { name: "Time" }).click();
  assert.equal(new URL(page.url()).searchParams.get("x"), "elapsed");
  await eventually(page, "curves by time", points("compare-loss"), (value) => value > 100);
  await eventually(page, "curves of progress", points("chart-progress"), (value) => value > 10);
  assert.deepEqual(await axeFinds(page), []);
  assert.deepEqual(problems, []);
  for (const request of requests) assert.ok(request.startsWith(headway.url), `a request left for ${request}`);
});

test("compare: a third run that goes on is added and followed, and nobody's colour changes", async () => {
  const third = await startTraining(headway, extraction, { ...SLOW, name: "third run", total_steps: 1_000_000 });
  const { page, problems } = await openPage(browser, `${headway.url}/compare?ids=${low.id},${high.id}&baseline=${low.id}`);
  await connection(page, "live");
  await eventually(page, "two runs", attributes("runId"), (ids) => ids.length === 2);
  const before = await page.evaluate(attributes("color"));
  await page.getByRole("button", { name: "Choose runs" }).click();
  await page.getByRole("searchbox", { name: "Find runs" }).fill("third");
  await page.getByRole("checkbox", { name: /third run/ }).check();
  assert.deepEqual(await axeFinds(page), []);
  await page.getByRole("button", { name: "Done", exact: true }).click();
  assert.equal(new URL(page.url()).searchParams.get("ids"), [low.id, high.id, third.id].join());
  assert.equal(await page.evaluate("document.activeElement?.textContent"), "Choose runs", "the focus goes back");
  const three = await eventually(page, "three runs", attributes("color"), (colors) => colors.length === 3);
  assert.deepEqual(three.slice(0, 2), before);

  // Live: its rows and its progress come by themselves.
  const first = await eventually(page, "the third curve", points("compare-loss"), (value) => value > 250);
  await eventually(page, "more of it", points("compare-loss"), (value) => value > first + 5);
  await eventually(page, "its sentence", sentence, (text) => /third run is running at/.test(text));
  assert.equal((await fetch(`${headway.url}/api/v1/jobs/${third.job_id}/cancel`, { method: "POST" })).status, 202);
  await page.waitForSelector(`[data-run-id=${third.id}] [data-status=cancelled]`, { timeout: 60_000 });
  await eventually(page, "its end", sentence, (text) => /third run was cancelled at/.test(text));

  await page.getByRole("button", { name: "Remove low rate" }).click();
  assert.deepEqual(await eventually(page, "two runs", attributes("color"), (colors) => colors.length === 2), three.slice(1));
  await page.reload();
  assert.deepEqual(await eventually(page, "two runs", attributes("color"), (colors) => colors.length === 2), three.slice(1), "nor after a reload");
  assert.deepEqual(problems, []);
});

test("compare: an id that does not exist is said at that run, and the others are still compared", async () => {
  const { page, problems } = await openPage(browser, `${headway.url}/compare?ids=${low.id},trn_nothing,${high.id}`);
  await eventually(page, "the sentence", sentence, (text) => /faster|as fast as|equally fast/.test(text));
  assert.match(await page.locator("[data-run-id=trn_nothing]").getByRole("alert").textContent(), /There is no run with the id trn_nothing/);
  await eventually(page, "both curves", points("compare-loss"), (value) => value > 100);
  assert.deepEqual(await axeFinds(page), []);
  assert.deepEqual(problems, []);
});
