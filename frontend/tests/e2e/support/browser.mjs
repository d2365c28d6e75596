/** Debian's Chromium, with nothing that calls home. */
import { chromium } from "playwright-core";

const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export function startBrowser() {
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: FLAGS });
}

/** A page that keeps what went wrong in it, and every request that it made. */
export async function openPage(browser, url, context = {}) {
  const page = await (await browser.newContext({ viewport: { width: 1440, height: 900 }, ...context })).newPage();
  const problems = [];
  const requests = [];
  page.on("pageerror", (error) => problems.push(error.message));
  page.on("request", (request) => requests.push(request.url()));
  await page.goto(url);
  return { page, problems, requests };
}

export function connection(page, state) {
  return page.waitForSelector(`[data-testid=connection][data-state=${state}]`, { timeout: 30_000 });
}

/** Waits until `read` in the page gives what `wanted` accepts. */
export async function eventually(page, what, read, wanted, deadlineMs = 60_000) {
  const end = Date.now() + deadlineMs;
  for (;;) {
    const value = await page.evaluate(read);
    if (wanted(value)) return value;
    if (Date.now() > end) throw new Error(`${what}: not within ${deadlineMs} ms; last: ${JSON.stringify(value)}`);
    await new Promise((done) => setTimeout(done, 50));
  }
}
