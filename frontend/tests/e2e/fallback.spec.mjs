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

/** Lets sockets through or not; while they are cut, what is open is closed. Muted ones stay open and bring nothing. */
async function gate(page) {
  let open = true;
  let muted = false;
  const sockets = new Set();
  await page.route("**/socket.io/**", (route) => (open ? route.continue() : route.abort()));
  await page.routeWebSocket(/\/socket\.io\//, (socket) => {
    if (!open) {
      socket.close();
      return;
    }
    const server = socket.connectToServer();
    sockets.add(socket);
    server.onMessage((message) => {
      if (!muted) socket.send(message);
    });
    socket.onClose(() => {
      sockets.delete(socket);
      server.close();
    });
  });
  return {
    async cut() {
      open = false;
      for (const socket of [...sockets]) await socket.close();
    },
    restore() {
      open = true;
    },
    mute(yes) {
      muted = yes;
    },
  };
}

const points = () => Number(document.querySelector("[data-testid=chart-cpu]")?.getAttribute("data-points") ?? 0);
const isPoll = (url) => url.endsWith("/api/v1/system/metrics");

test("fallback: the socket is cut, the dot is amber and data still comes; back, it is green and nothing polls", async () => {
  const { page, problems, requests } = await openPage(browser, "about:blank");
  const sockets = await gate(page);
  await page.goto(`${headway.url}/system`);
  await connection(page, "live");

  await sockets.cut();
  await connection(page, "polling");
  const polled = requests.filter(isPoll).length;
  const before = await page.evaluate(points);
  await eventually(page, "points while polling", points, (n) => n >= before + 2);
  assert.ok(requests.filter(isPoll).length > polled, "the data came by polling");

  sockets.restore();
  await connection(page, "live");
  const back = requests.filter(isPoll).length;
  const live = await page.evaluate(points);
  // Ten more samples are five seconds of live data: polling every two would show.
  await eventually(page, "points while live", points, (n) => n >= live + 10);
  assert.ok(requests.filter(isPoll).length <= back + 1, "only a request already under way may still have come");
  assert.equal(await page.getAttribute("[data-testid=connection]", "data-state"), "live");
  assert.deepEqual(problems, []);
});

test("fallback: a socket that is open and brings nothing counts as lost too, and ends by itself when it speaks [7]", async () => {
  const { page, problems, requests } = await openPage(browser, "about:blank");
  const sockets = await gate(page);
  await page.goto(`${headway.url}/system`);
  await connection(page, "live");
  sockets.mute(true);
  await connection(page, "polling");
  const before = await page.evaluate(points);
  await eventually(page, "points while polling", points, (n) => n >= before + 2);
  await page.click("[data-testid=connection] button");
  await page.waitForSelector("[data-testid=connection-details] td:text-is('stale')");
  sockets.mute(false);
  await connection(page, "live");
  const back = requests.filter(isPoll).length;
  const live = await page.evaluate(points);
  await eventually(page, "points while live", points, (n) => n >= live + 10);
  assert.ok(requests.filter(isPoll).length <= back + 1, "nothing polls while live");
  assert.deepEqual(problems, []);
});

test("fallback: a hidden tab rests, and catches up at once when it is shown [34]", async () => {
  const { page, problems, requests } = await openPage(browser, "about:blank");
  const sockets = await gate(page);
  await page.goto(`${headway.url}/system`);
  await connection(page, "live");
  const hide = (hidden) =>
    page.evaluate((value) => {
      Object.defineProperty(document, "hidden", { value, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    }, hidden);
  await hide(true);
  await sockets.cut();
  const hiddenAt = Date.now();
  await eventually(page, "the loss is known", () => document.querySelector("[data-testid=connection]")?.getAttribute("data-state"), (state) => state !== "live");
  const asked = requests.filter(isPoll).length;
  // Two polls would have fallen into this time.
  await eventually(page, "five seconds have passed", () => Date.now(), (now) => now - hiddenAt > 5000);
  assert.equal(requests.filter(isPoll).length, asked, "nothing is asked while hidden");
  sockets.restore();
  await hide(false);
  const shownAt = Date.now();
  await connection(page, "live");
  console.log(`live ${Date.now() - shownAt} ms after it was shown`);
  assert.deepEqual(problems, []);
});

test("fallback: with the server gone the page says offline and greys what is old", async () => {
  const own = await startHeadway(["--system-monitor-interval-seconds", "0.5"]);
  try {
    const { page } = await openPage(browser, `${own.url}/system`);
    await connection(page, "live");
    await own.stop();
    await connection(page, "offline");
    await page.waitForSelector("[data-testid=panel-cpu][data-stale=true]", { timeout: 30_000 });
  } finally {
    await own.stop();
  }
});
