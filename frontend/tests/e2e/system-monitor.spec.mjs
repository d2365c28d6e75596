import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { connection, eventually, openPage, startBrowser } from "./support/browser.mjs";
import { startHeadway } from "./support/headway.mjs";

let headway;
let browser;

before(async () => {
  headway = await startHeadway(["--system-monitor-interval-seconds", "0.5"]);
  browser = await startBrowser();
});
after(async () => {
  await browser?.close();
  await headway?.stop();
});

test("system-monitor: points increase and the dot is green", async () => {
  const { page, problems } = await openPage(browser, `${headway.url}/system`);
  await connection(page, "live");
  const points = () => Number(document.querySelector("[data-testid=chart-cpu]")?.getAttribute("data-points") ?? 0);
  const before = await eventually(page, "first points", points, (n) => n > 0);
  await eventually(page, "more points", points, (n) => n >= before + 4);
  for (const chart of ["cpu", "memory", "disk", "network"]) {
    assert.equal(await page.locator(`[data-testid=chart-${chart}] canvas`).count(), 1, chart);
  }
  assert.equal(await page.locator("[data-testid=panel-cpu] [role=listitem]").count(), (await headway.get("/system/metrics"))["system/cpu"].count);
  assert.equal((await page.getAttribute("[data-testid=connection]", "data-state")), "live");
  assert.deepEqual(problems, []);
});

test("system-monitor: charts start full, from the server's history", async () => {
  const { page } = await openPage(browser, `${headway.url}/system`);
  const first = await eventually(
    page,
    "points",
    () => Number(document.querySelector("[data-testid=chart-cpu]")?.getAttribute("data-points") ?? 0),
    (n) => n > 1,
  );
  assert.ok(first >= 4, `${first} points at once`);
});

test("system-monitor: a longer time is read from the server's history, and is in the address", async () => {
  const { page, problems } = await openPage(browser, `${headway.url}/system?range=1h`);
  await page.waitForSelector("[data-testid=range-note]");
  const drawn = () => Number(document.querySelector("[data-testid=chart-cpu]")?.getAttribute("data-points") ?? 0);
  await eventually(page, "points of the last hour", drawn, (n) => n >= 1);
  await page.getByRole("button", { name: "7 d", exact: true }).click();
  assert.equal(new URL(page.url()).searchParams.get("range"), "7d");
  await eventually(page, "its note", () => document.querySelector("[data-testid=range-note]")?.textContent ?? "", (text) => text.includes("the last 7 days"));
  await page.getByRole("button", { name: "15 min", exact: true }).click();
  assert.equal(new URL(page.url()).search, "");
  await page.waitForSelector("[data-testid=range-note]", { state: "detached" });
  assert.deepEqual(problems, []);
});

test("system-monitor: the update interval holds the charts back, and is remembered", async () => {
  const { page } = await openPage(browser, `${headway.url}/system`);
  await connection(page, "live");
  const points = () => Number(document.querySelector("[data-testid=chart-cpu]")?.getAttribute("data-points") ?? 0);
  await page.getByRole("group", { name: "Update every" }).getByRole("button", { name: "5 s" }).click();
  const before = await page.evaluate(points);
  // The next it shows is all that came in five seconds, at once.
  const next = await eventually(page, "the next points", points, (n) => n > before);
  assert.ok(next >= before + 5, `${next - before} points at once`);
  await page.reload();
  await page.waitForSelector('[aria-label="Update every"] [aria-pressed=true]:text-is("5 s")');
});

test("system-monitor: without a GPU it says what was tried", async (t) => {
  const { gpu_reason: reason } = await headway.get("/system/metrics");
  if (reason === null) return t.skip("this machine has a GPU");
  const { page } = await openPage(browser, `${headway.url}/system`);
  await page.waitForSelector("[data-testid=no-gpu]");
  await eventually(page, "the reason", () => document.querySelector("[data-testid=no-gpu]")?.textContent ?? "", (text) => text.includes(reason));
});
