import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { after, before, test } from "node:test";
import { startWorker } from "./support/attached.mjs";
import { audit } from "./support/audit.mjs";
import { connection, eventually, openPage, startBrowser } from "./support/browser.mjs";
import { prepareActivations, startHeadway, startTraining, until } from "./support/headway.mjs";
import { inTheme } from "./support/routes.mjs";

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
  // There is one machine, and nothing to choose.
  assert.equal((await headway.get("/system/hosts")).items.length, 1);
  assert.equal(await page.locator("[data-testid=host-selector]").count(), 0);
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

const STANDIN = process.env.HEADWAY_NVML_STANDIN ?? new URL("../../../build/tests/libnvidia-ml.so.1", import.meta.url).pathname;
const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };
const points = () => Number(document.querySelector("[data-testid=chart-cpu]")?.getAttribute("data-points") ?? 0);
const isStale = () => document.querySelector("[data-testid=panel-cpu]")?.getAttribute("data-stale") === "true";
const isBack = (page) => page.waitForSelector("[data-testid=system-monitor]:not([data-host])");

/** What axe finds in either theme, and what is wider than the window. */
async function faults(page, where) {
  const found = [];
  for (const colorScheme of ["light", "dark"]) {
    await inTheme(page, colorScheme);
    found.push(...(await audit(page)).map((violation) => `${where} ${colorScheme}: ${violation}`));
  }
  const { width } = page.viewportSize();
  const wide = await page.evaluate(() => document.scrollingElement.scrollWidth);
  return wide > width ? [...found, `${where}: ${wide} px wide`] : found;
}

async function choose(page, host) {
  await page.click("[data-testid=host-selector] > button");
  await page.getByRole("menuitemradio", { name: host }).click();
}

test("system-monitor: a worker's machine is chosen, shown live, and said to be silent when it is", async () => {
  const gpus = existsSync(STANDIN) ? STANDIN : undefined;
  const own = await startHeadway(["--no-worker", "--system-monitor-interval-seconds", "0.5"]);
  const worker = await startWorker(own, { host: "box2", gpus });
  try {
    await until("the second machine", () => own.get("/system/hosts"), ({ items }) => items.some(({ host, live }) => host === "box2" && live));
    const { page, problems, requests } = await openPage(browser, `${own.url}/system`, { reducedMotion: "reduce" });
    await connection(page, "live");
    const server = (await own.get("/system/hosts")).items[0].host;
    await page.getByRole("button", { name: `Machine: ${server}, live` }).click();
    assert.deepEqual(await faults(page, "the menu"), []);
    await page.keyboard.press("Escape");
    assert.ok(requests.every((url) => !url.includes("host=")));

    await choose(page, "box2");
    assert.equal(new URL(page.url()).search, "?host=box2");
    await page.waitForSelector("[data-testid=system-monitor][data-host=box2]");
    const before = await eventually(page, "its points", points, (n) => n > 0);
    await eventually(page, "more of its points", points, (n) => n >= before + 4);
    await page.getByRole("button", { name: "Machine: box2, live" }).waitFor();
    if (gpus !== undefined) {
      await page.waitForSelector("[data-testid=panel-gpu-0]");
      const gpuPoints = () => Number(document.querySelector("[data-testid=chart-gpu-0]")?.getAttribute("data-points") ?? 0);
      await eventually(page, "its GPU's points", gpuPoints, (n) => n >= 3);
    }
    assert.deepEqual(await faults(page, "box2"), []);
    const { page: small, problems: smallProblems } = await openPage(browser, page.url(), PHONE);
    await eventually(small, "its points on a phone", points, (n) => n > 0);
    assert.deepEqual(await faults(small, "box2 on a phone"), []);
    await small.tap("[data-testid=host-selector] > button");
    await small.waitForSelector("[role=menu]");
    assert.deepEqual(await faults(small, "the menu on a phone"), []);
    assert.deepEqual(smallProblems, []);
    await small.context().close();

    // A longer time is asked of that machine, and the address alone brings it back.
    await page.getByRole("button", { name: "1 h", exact: true }).click();
    await page.waitForSelector("[data-testid=range-note]");
    assert.ok(requests.some((url) => url.includes("/system/history?from=") && url.includes("host=box2")));
    await page.reload();
    await page.waitForSelector("[data-testid=system-monitor][data-host=box2] [data-testid=range-note]");
    await eventually(page, "points of its last hour", points, (n) => n >= 1);
    await page.getByRole("button", { name: "15 min", exact: true }).click();

    await worker.kill();
    await page.waitForSelector("[data-testid=silent-host]", { timeout: 60_000 });
    assert.match((await page.textContent("[data-testid=silent-host]")) ?? "", /^No data from box2 since \d\d:\d\d:\d\d\./);
    await eventually(page, "greyed panels", isStale, (yes) => yes);
    assert.deepEqual(await faults(page, "a silent machine"), []);
    // The page itself is as live as before, and so is the server's own machine.
    assert.equal(await page.getAttribute("[data-testid=connection]", "data-state"), "live");
    await choose(page, server);
    await isBack(page);
    assert.equal(new URL(page.url()).search, "");
    await eventually(page, "the server's own, live", isStale, (yes) => !yes);
    assert.deepEqual(problems, []);
    await page.context().close();
  } finally {
    await worker.kill();
    await own.stop();
  }
});

test("system-monitor: a machine that nobody knows is said so, with a way back", async () => {
  const { page, problems } = await openPage(browser, `${headway.url}/system?host=nowhere`, { reducedMotion: "reduce" });
  await page.waitForSelector("[data-testid=unknown-host]");
  await connection(page, "live");
  assert.deepEqual(await faults(page, "an unknown machine"), []);
  await page.getByRole("button", { name: "Show the server's own machine" }).click();
  await isBack(page);
  assert.equal(new URL(page.url()).search, "");
  await eventually(page, "points", points, (n) => n > 0);
  assert.deepEqual(problems, []);
});

test("system-monitor: a job counts to the machine that it runs on, and that machine is beneath its curves", async () => {
  const own = await startHeadway(["--no-worker", "--system-monitor-interval-seconds", "0.5"]);
  const worker = await startWorker(own, { host: "box2" });
  try {
    const extraction = await prepareActivations(own);
    const training = await startTraining(own, extraction, { name: "over there", total_steps: 1_000_000 });
    await until("its start", () => own.get(`/jobs/${training.job_id}`), ({ status }) => status === "running");
    const { page, problems } = await openPage(browser, `${own.url}/system?host=box2`);
    const inJobs = () => document.querySelector("[aria-label='What the memory is used for'] dd")?.textContent ?? "";
    await eventually(page, "its memory on box2", inJobs, (words) => /[1-9]/.test(words));
    await choose(page, (await own.get("/system/hosts")).items[0].host);
    await isBack(page);
    await eventually(page, "none of it on the server's own", inJobs, (words) => /^0\sB$/.test(words));
    await page.goto(`${own.url}/trainings/${training.id}`);
    await eventually(page, "its machine", () => document.querySelector("[data-testid=resources]")?.textContent ?? "", (text) => text.includes("The machine it runs on, box2:"));
    await page.waitForSelector("[data-testid=machine-cpu]");
    assert.deepEqual(problems, []);
  } finally {
    await worker.kill();
    await own.stop();
  }
});
