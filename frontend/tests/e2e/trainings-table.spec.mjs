/** The table of trainings with ten thousand of them, acting on many, and the form that makes one. Prints what it took; asserts no time. */
import assert from "node:assert/strict";
import { readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { connection, eventually, openPage, startBrowser } from "./support/browser.mjs";
import { prepareActivations, startHeadway, startTraining, until } from "./support/headway.mjs";
import { seedTrainings } from "./support/seed.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const SEEDED = 10_000;
let headway;
let browser;
let extraction;
let total;

before(async () => {
  const first = await startHeadway();
  extraction = await prepareActivations(first);
  await first.stop({ keep: true });
  total = seedTrainings(first.data, SEEDED, extraction);
  headway = await startHeadway([], { data: first.data });
  browser = await startBrowser();
});
after(async () => {
  await browser?.close();
  await headway?.stop();
  if (headway !== undefined) rmSync(headway.data, { recursive: true, force: true });
});

const ROW = "[data-testid=training-row]";
const LINE = "[data-testid=row-count]";
const whole = (page) => page.waitForSelector(`${LINE}[data-load=ready]`, { timeout: 120_000 });
const names = (page) => page.$$eval(`${ROW} [data-row-link]`, (links) => links.map((link) => link.textContent));
const column = (page, key) => page.$$eval(`${ROW} [data-column=${key}]`, (cells) => cells.map((cell) => cell.textContent));
const numbers = (texts) => texts.map((text) => Number(text.replaceAll(",", "")));
const sortBy = (page, word) => page.click(`thead th:has-text("${word}") button`);
const audit = async (page) => {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => window.axe.run());
  return violations.map((violation) => `${violation.id}: ${violation.nodes[0]?.html}`);
};
const isSorted = (list, order) => list.every((value, i) => i === 0 || order(list[i - 1], value));

test("trainings-table: ten thousand rows come, a few of them are in the document, and all can be reached", async () => {
  const { page, problems } = await openPage(browser, `${headway.url}/settings`);
  await connection(page, "live");
  const startedAt = Date.now();
  await page.click("a[href='/trainings']");
  await page.waitForSelector(ROW);
  const firstMs = Date.now() - startedAt;
  await whole(page);
  console.log(`rows: the first after ${firstMs} ms, all ${total} after ${Date.now() - startedAt} ms`);
  assert.equal(await page.textContent(LINE), `${total.toLocaleString("en-US")} trainings`);
  assert.equal(await page.getAttribute("table", "aria-rowcount"), String(total + 1));
  assert.ok((await page.$$(ROW)).length < 80);
  // The small curves of what is in sight.
  await eventually(page, "small curves", () => document.querySelectorAll("[data-column=curve] svg path[d*=L]").length, (n) => n >= 20);

  const { turns, jumps } = await page.evaluate(async () => {
    const scroller = document.querySelector("[data-testid=training-table]");
    const frames = async (steps, to) => {
      const times = [];
      let last = window.performance.now();
      for (let i = 1; i <= steps; i += 1) {
        scroller.scrollTop = to(i);
        await new Promise((drawn) => requestAnimationFrame(drawn));
        const now = window.performance.now();
        times.push(now - last);
        last = now;
      }
      return times.sort((a, b) => a - b);
    };
    const most = scroller.scrollHeight - scroller.clientHeight;
    return { turns: await frames(120, (i) => i * 100), jumps: await frames(60, (i) => (most * i) / 60) };
  });
  const words = (times) => `median ${times[Math.floor(times.length / 2)].toFixed(1)} ms, 95 % ${times[Math.floor(times.length * 0.95)].toFixed(1)} ms`;
  console.log(`frames: turning the wheel ${words(turns)}; dragging through all rows ${words(jumps)}`);
  await page.waitForSelector(`${ROW}[aria-rowindex="${total + 1}"]`);
  const rows = await page.$$eval(ROW, (all) => all.map((row) => Number(row.getAttribute("aria-rowindex"))));
  assert.deepEqual(rows, rows.map((_, i) => total + 1 - rows.length + 1 + i), "the last rows, without a gap");
  assert.deepEqual(problems, []);
  await page.context().close();
});

test("trainings-table: sorting and filtering go over all rows, and the address brings them back", async () => {
  const { page } = await openPage(browser, `${headway.url}/trainings`);
  await whole(page);
  await sortBy(page, "Features");
  await eventually(page, "the largest first", () => document.querySelector("[data-column=features]")?.textContent, (text) => text === "32,768");
  assert.ok(isSorted(numbers(await column(page, "features")), (a, b) => a >= b));
  await sortBy(page, "Explained");
  await sortBy(page, "Explained");
  await eventually(page, "the least first", () => document.querySelector("[data-column=ev]")?.textContent, (text) => Number(text) < 0.21);
  assert.ok(isSorted(numbers(await column(page, "ev")), (a, b) => a <= b));
  await page.fill("input[type=search]", "seed 0512");
  await page.selectOption("select[aria-label=State]", "failed");
  await eventually(page, "the filtered", () => document.querySelector("[data-testid=row-count]")?.textContent ?? "", (text) => /^\d+ of /.test(text));
  const found = await names(page);
  assert.ok(found.length > 0 && found.every((name) => name.includes("seed 0512")));
  assert.ok((await column(page, "status")).every((text) => text === "failed"));
  const again = await openPage(browser, page.url());
  await whole(again.page);
  assert.deepEqual(await names(again.page), found);
  await again.page.context().close();
  await page.context().close();
});

test("trainings-table: with the keyboard alone to a row, its choice, and its page", async () => {
  const { page } = await openPage(browser, `${headway.url}/trainings`);
  await whole(page);
  for (const key of ["j", "j", "j", "k", "x"]) await page.keyboard.press(key);
  const [, second] = await names(page);
  assert.equal(await page.textContent(`${ROW}[aria-current=true] [data-row-link]`), second);
  assert.equal(await page.textContent("[data-testid=selected-count]"), "1 selected");
  for (let i = 0; i < 60; i += 1) await page.keyboard.press("j");
  await eventually(page, "a row far below, in sight", () => {
    const row = document.querySelector("[data-testid=training-row][aria-current=true]");
    const box = row?.getBoundingClientRect();
    const around = document.querySelector("[data-testid=training-table]").getBoundingClientRect();
    return [row?.getAttribute("aria-rowindex"), box !== undefined && box.top >= around.top && box.bottom <= around.bottom + 1, document.activeElement?.closest("tr") === row];
  }, ([index, inside, focused]) => index === "63" && inside && focused);
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/trainings\/trn_/);
  await page.context().close();
});

test("trainings-table: many are cancelled at once, and of each it is said what came of it", async () => {
  const jobs = [];
  for (let i = 0; i < 4; i += 1) jobs.push(await startTraining(headway, extraction, { name: `bulk ${i}`, n_features: 1024, total_steps: 1_000_000 }));
  await until("one to run", () => headway.get(`/jobs/${jobs[0].job_id}`), ({ status }) => status === "running");
  const { page, problems } = await openPage(browser, `${headway.url}/trainings`);
  await whole(page);
  await page.waitForSelector(`${ROW} [data-status=running]`);
  // Live values of the row that runs, while its place stays.
  const loss = () => document.querySelector("[data-testid=training-row]:has([data-status=running]) [data-column=loss]")?.textContent ?? "";
  const before = await eventually(page, "a loss", loss, (text) => /\d/.test(text));
  await eventually(page, "another loss", loss, (text) => /\d/.test(text) && text !== before);
  assert.deepEqual((await names(page)).slice(0, 4), ["bulk 3", "bulk 2", "bulk 1", "bulk 0"]);
  await page.click(`${ROW} >> nth=0 >> input`);
  await page.click(`${ROW} >> nth=4 >> input`, { modifiers: ["Shift"] });
  assert.equal(await page.textContent("[data-testid=selected-count]"), "5 selected");
  assert.deepEqual(await audit(page), []);
  // One of them ends behind the page's back, and it hears of it.
  await headway.post(`/jobs/${jobs[3].job_id}/cancel`);
  await page.waitForSelector("[data-testid=bulk-bar] button:has-text('Cancel'):has-text('3')");
  await page.click("[data-testid=bulk-bar] button:has-text('Cancel')");
  await page.click("[data-testid=bulk-bar] button:has-text('Cancel 3')");
  const outcome = await eventually(page, "the outcome", () => document.querySelector("[data-testid=bulk-outcome]")?.textContent ?? "", (text) => /cancelled/.test(text));
  assert.match(outcome, /^2 cancelled, 1 being cancelled/);
  for (const { job_id: id } of jobs) await until(`${id} to end`, () => headway.get(`/jobs/${id}`), ({ status }) => status === "cancelled");
  await eventually(page, "the rows' states", () => [...document.querySelectorAll("[data-testid=training-row] [data-status]")].slice(0, 4).map((badge) => badge.dataset.status), (states) => states.every((status) => status === "cancelled"));
  // The words by which the page tells a refusal are the server's own.
  await assert.rejects(headway.post(`/jobs/${jobs[0].job_id}/pause`), /a job that is cancelled can't be paused/);
  await headway.post(`/jobs/${jobs[0].job_id}/retry`).then(({ id }) => headway.post(`/jobs/${id}/cancel`));
  await assert.rejects(headway.post(`/jobs/${jobs[0].job_id}/retry`), /has been retried already/);
  assert.deepEqual(problems, []);
  await page.context().close();
});

test("trainings-table: columns are chosen, kept, and part of the address", async () => {
  const { page } = await openPage(browser, `${headway.url}/trainings`);
  await whole(page);
  await page.click("button:has-text('Columns')");
  assert.deepEqual(await audit(page), []);
  await page.check("[aria-label='Columns shown'] label:has-text('Batch') input");
  await page.uncheck("[aria-label='Columns shown'] label:has-text('Loss curve') input");
  await page.goto(`${headway.url}/trainings`);
  await whole(page);
  const heads = await page.$$eval("thead th[aria-sort]", (all) => all.map((head) => head.textContent.replace(/[↓↑]/, "")));
  assert.ok(heads.includes("Batch") && !heads.includes("Loss curve"), heads.join());
  assert.match(page.url(), /cols=name/);
  await page.context().close();
});

test("trainings-table: the form tells what it would take, shows the server's words at the field, and makes one training", async () => {
  const { page, problems } = await openPage(browser, `${headway.url}/trainings`);
  await whole(page);
  await page.click("button:text-is('New training')");
  await page.waitForSelector("[data-testid=estimate][data-current=true]");
  const told = (await page.textContent("[data-testid=estimate]")) ?? "";
  assert.match(told, /Memory\d.*MiB.* free/);
  assert.match(told, /no run to judge by yet/);
  assert.match(told, /It fits on /);
  assert.equal(await page.getAttribute("[name=n_features]", "placeholder"), "1024");
  assert.deepEqual(await audit(page), []);

  await page.fill("[name=k]", "4096");
  await page.waitForSelector("[role=alert]:has-text('k is 4096, but there are only 1024 features')");
  await page.fill("[name=k]", "16");
  await page.click("summary:has-text('Data, schedule')");
  await page.fill("[name=threads]", "many");
  await page.click("button:text-is('Train')");
  await page.waitForSelector("[role=alert]:has-text('threads must be a whole number')");
  assert.equal(await page.evaluate(() => document.activeElement?.getAttribute("name")), "threads");
  await page.fill("[name=threads]", "");

  // Too much for any disk, and what would fit.
  await page.fill("[name=total_steps]", "1,000,000,000");
  await page.fill("[name=checkpoint_every]", "1");
  await page.fill("[name=log_every]", "1000000");
  await page.click("button:text-is('Use it')");
  await page.waitForSelector("[data-testid=estimate][data-current=true]:has-text('It fits on')");
  assert.ok(Number(await page.inputValue("[name=checkpoint_every]")) > 1);

  await page.fill("[name=total_steps]", "50");
  await page.fill("[name=checkpoint_every]", "");
  await page.fill("[name=log_every]", "");
  await page.fill("[name=name]", "made by the form");
  await page.dblclick("button:text-is('Train')");
  await page.waitForURL(/\/trainings\/trn_/);
  const { items } = await headway.get("/trainings?limit=10");
  assert.equal(items.filter(({ name }) => name === "made by the form").length, 1);
  assert.equal(items[0].k, 16);
  assert.deepEqual(problems, []);
  await page.context().close();
});

test("trainings-table: nothing overflows on a desktop, a small window and a phone, in both themes", async () => {
  for (const colorScheme of ["dark", "light"]) {
    for (const viewport of [{ width: 1440, height: 900 }, { width: 1024, height: 768 }, { width: 390, height: 844 }]) {
      for (const path of ["/trainings", "/trainings?new=1"]) {
        const { page } = await openPage(browser, headway.url + path, { viewport, colorScheme });
        await page.waitForSelector(path.endsWith("1") ? "[data-testid=estimate][data-current=true]" : ROW);
        await whole(page);
        const at = `${path} ${viewport.width} ${colorScheme}`;
        assert.deepEqual(await page.evaluate(() => [document.documentElement.scrollWidth > window.innerWidth, document.documentElement.scrollHeight > window.innerHeight]), [false, false], at);
        assert.deepEqual(await audit(page), [], at);
        await page.context().close();
      }
    }
  }
});
