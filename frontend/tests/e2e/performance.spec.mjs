/**
 * Fifty jobs that each report twenty times a second, on the page that shows them all. By default a short run, which asserts what no
 * busy machine can change: every job's last number is shown, nothing of it was lost on the way, and memory does not grow without bound. The figures
 * are printed. SOAK=300 runs so many seconds and holds the page to the figures of bench/dashboard.md too. PROFILE=FILE writes a CPU profile.
 */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { connection, eventually, openPage, startBrowser } from "./support/browser.mjs";
import { prepareActivations, startHeadway } from "./support/headway.mjs";
import { finalLoss, finalStep, startLoad } from "./support/load.mjs";
import { meter } from "./support/measure.mjs";

const JOBS = Number(process.env.JOBS ?? 50);
const PER_SECOND = 20;
const SOAK = Number(process.env.SOAK ?? 0);
const SECONDS = SOAK > 0 ? SOAK : 12;
/** Of the main thread's time; and what a page that forgets nothing would pass within minutes. */
const BUSY_PERCENT = 40;
const GROWTH_MB = SOAK > 0 ? 8 : 40;

let headway;
let browser;
let load;

before(async () => {
  headway = await startHeadway();
  browser = await startBrowser();
  load = await startLoad(headway, await prepareActivations(headway), JOBS);
});
after(async () => {
  await browser?.close();
  await headway?.stop();
});

/** Counts what arrives over the socket, and which seq each channel has reached: a number left out was merged, and that is told. */
function tap(page) {
  const channels = new Map();
  const seen = { events: 0, merged: 0 };
  page.on("websocket", (socket) => {
    socket.on("framereceived", ({ payload }) => {
      if (typeof payload !== "string" || !payload.startsWith("42")) return;
      const [event, data] = JSON.parse(payload.slice(2));
      if (event === "conflated") seen.merged += data.count;
      if (event !== "training:progress") return;
      seen.events += 1;
      const last = channels.get(data.channel);
      if (last !== undefined && data.seq !== last + 1 && seen.merged === 0) throw new Error(`${data.channel}: ${last} → ${data.seq}`);
      channels.set(data.channel, data.seq);
    });
  });
  return seen;
}

test(`performance: ${JOBS} jobs, ${PER_SECOND} updates a second each: nothing is dropped, every last number is shown`, async (t) => {
  const { page, problems } = await openPage(browser, "about:blank");
  const seen = tap(page);
  await page.goto(`${headway.url}/operations?as=cards`);
  await connection(page, "live");
  const more = page.getByRole("button", { name: /^Show \d+ of \d+ more$/ });
  if (await more.isVisible()) await more.click();
  const cards = () => document.querySelectorAll("[data-testid=operation-card][data-status=running]").length;
  await eventually(page, "every card", cards, (n) => n === JOBS);

  const meters = await meter(page);
  await load.run(PER_SECOND, 3);
  const heldBefore = await meters.held();
  if (process.env.PROFILE) {
    await meters.cdp.send("Profiler.enable");
    await meters.cdp.send("Profiler.start");
  }
  const eventsBefore = seen.events;
  const { result: rate, figures } = await meters.over(() => load.run(PER_SECOND, SECONDS));
  if (process.env.PROFILE) writeFileSync(process.env.PROFILE, JSON.stringify((await meters.cdp.send("Profiler.stop")).profile));
  const received = (seen.events - eventsBefore) / figures.seconds;
  await load.finish();
  for (const [i, job] of load.jobs.entries()) {
    const shown = `(() => { const card = document.querySelector('[data-job-id="${job}"]'); return (card?.textContent ?? "") + "|" + (card?.querySelector("[data-testid=card-loss]")?.textContent ?? ""); })()`;
    await eventually(page, `the last number of job ${i}`, shown, (text) => text.includes(finalStep(i).toLocaleString("en-US")) && text.endsWith(`|${finalLoss(i).toFixed(4)}`), 30_000);
  }
  const heldAfter = await meters.held();
  t.diagnostic(
    JSON.stringify({
      ...{ "updates sent/s": Math.round(rate), "events received/s": Math.round(received), merged: seen.merged, ...figures },
      ...{ "held before": heldBefore, "held after": heldAfter },
    }),
  );
  assert.ok(seen.events > 0);
  assert.equal(await page.evaluate(cards), JOBS);
  assert.ok(heldAfter.megabytes - heldBefore.megabytes < GROWTH_MB, `the heap grew from ${heldBefore.megabytes} to ${heldAfter.megabytes} MB`);
  assert.ok(heldAfter.nodes < heldBefore.nodes * 1.5, `nodes: ${heldBefore.nodes}, then ${heldAfter.nodes}`);
  assert.ok(heldAfter.listeners < heldBefore.listeners * 1.5 + 100, `listeners: ${heldBefore.listeners}, then ${heldAfter.listeners}`);
  assert.deepEqual(problems, []);
  if (SOAK > 0) {
    assert.ok(figures["Task %"] < BUSY_PERCENT, `the main thread was busy for ${figures["Task %"]} % of the time`);
    assert.ok(figures["frame p50"] < 20, `half of the frames took more than ${figures["frame p50"]} ms`);
  }
});

const STANDIN = process.env.HEADWAY_NVML_STANDIN ?? new URL("../../../build/tests/libnvidia-ml.so.1", import.meta.url).pathname;
const GPUS = 6;

test("performance: twenty-two charts of the machine, redrawn once a second", { skip: existsSync(STANDIN) ? false : `${STANDIN} is not built` }, async (t) => {
  const folder = mkdtempSync(join(process.env.TMPDIR ?? tmpdir(), "headway-gpus-"));
  const facts = join(folder, "facts");
  const tell = (load) =>
    writeFileSync(
      facts,
      [`gpus ${GPUS}`, ...Array.from({ length: GPUS }, (_, i) => `gpu ${i} name GPU\ngpu ${i} utilization ${load}\ngpu ${i} memory_total 1000000\ngpu ${i} memory_used ${load * 1000}\ngpu ${i} temperature 40\ngpu ${i} power ${load * 1000}\ngpu ${i} power_limit 700000`)].join("\n"),
    );
  tell(10);
  process.env.HEADWAY_FAKE_NVML = facts;
  const own = await startHeadway(["--system-monitor-interval-seconds", "0.2", "--nvml", STANDIN]);
  delete process.env.HEADWAY_FAKE_NVML;
  try {
    // All of them in sight: what is out of sight is not drawn.
    const { page, problems } = await openPage(browser, `${own.url}/system`, { viewport: { width: 1440, height: 3600 } });
    await connection(page, "live");
    await page.getByRole("group", { name: "Update every" }).getByRole("button", { name: "1 s", exact: true }).click();
    const charts = () => document.querySelectorAll("figure[data-active=true] canvas").length;
    await eventually(page, "the charts", charts, (n) => n === 4 + 3 * GPUS);
    const points = () => Number(document.querySelector("[data-testid=chart-gpu-5]")?.getAttribute("data-points") ?? 0);
    const meters = await meter(page);
    const { figures } = await meters.over(async () => {
      const from = await page.evaluate(points);
      let load = 10;
      await eventually(
        page,
        "thirty more points",
        points,
        (n) => {
          load = (load + 7) % 100;
          tell(load);
          return n >= from + (SOAK > 0 ? 300 : 30);
        },
        SOAK > 0 ? 200_000 : 60_000,
      );
    });
    t.diagnostic(JSON.stringify(figures));
    assert.deepEqual(problems, []);
    if (SOAK > 0) assert.ok(figures["frame p50"] < 20, `half of the frames took more than ${figures["frame p50"]} ms`);
  } finally {
    await own.stop();
    rmSync(folder, { recursive: true, force: true });
  }
});
