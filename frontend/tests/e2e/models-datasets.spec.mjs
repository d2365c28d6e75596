import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Hub } from "../../../tests/integration/lib/hub.mjs";
import { connection, openPage, startBrowser } from "./support/browser.mjs";
import { sample, startHeadway } from "./support/headway.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const REPO = "test/gpt2-tiny";
/** Once is tokenized before a page can show that it is under way. */
const COPIES = 24;
const scratch = mkdtempSync(join(process.env.TMPDIR ?? tmpdir(), "headway-e2e-corpus-"));
const large = join(scratch, "large.jsonl.gz");
let headway;
let browser;
let hub;

before(async () => {
  // Members of gzip one after the other are a file of gzip (RFC 1952, 2.2).
  writeFileSync(large, Buffer.concat(Array(COPIES).fill(readFileSync(sample("corpus/kjv.jsonl.gz")))));
  hub = await Hub.start();
  await hub.putSampleModel(REPO);
  process.env.HF_ENDPOINT = hub.url;
  headway = await startHeadway(["--slots", "cpu=1,io=2"]);
  browser = await startBrowser();
});
after(async () => {
  await browser?.close();
  await headway?.stop();
  await hub?.stop();
  rmSync(scratch, { recursive: true });
});

async function open(path, context) {
  const opened = await openPage(browser, headway.url + path, context);
  await connection(opened.page, "live");
  return opened;
}

async function audit(page) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => window.axe.run());
  return violations.map((violation) => `${violation.id}: ${violation.nodes[0]?.html}`);
}

const text = async (page, selector) => ((await page.textContent(selector)) ?? "").replace(/\u202f/g, " ");

/** Every different text that the element shows from now on, as the page itself sees it. */
async function watch(page, selector) {
  await page.evaluate((at) => {
    window.seen = [];
    const look = () => {
      const said = document.querySelector(at)?.textContent ?? null;
      if (said !== null && said !== window.seen[window.seen.length - 1]) window.seen.push(said);
    };
    new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true });
    look();
  }, selector);
  return () => page.evaluate(() => window.seen);
}

test("models-datasets: empty pages say how to begin, and what is refused is said at the field", async () => {
  const { page, problems } = await open("/models");
  await page.waitForSelector("text=No model yet");
  await page.fill("text=Path on the server", sample("corpus"));
  await page.click("role=button[name='Import model']");
  const alert = page.locator("form [role=alert]");
  await alert.waitFor();
  assert.match((await alert.textContent()) ?? "", /config\.json/);
  assert.equal(await page.getByLabel("Path on the server").getAttribute("aria-invalid"), "true");
  assert.deepEqual(await audit(page), []);
  await page.goto(`${headway.url}/datasets`);
  await page.waitForSelector("text=No dataset yet");
  assert.deepEqual(problems, []);
});

test("models-datasets: the sample is imported by the forms, tokenized and extracted, live, with statistics", async () => {
  const { page, problems } = await open("/models");
  await page.getByLabel("Path on the server").fill(sample("model"));
  await page.getByLabel("Name here, if another").fill("tiny");
  await page.click("role=button[name='Import model']");
  const row = page.locator("[data-testid=model-row]");
  await row.waitFor();
  assert.match((await row.textContent()) ?? "", /tiny.*ready.*gpt2.*4.*128.*4,096.*1\.4/s);
  assert.equal(await page.getByLabel("Path on the server").inputValue(), "");
  assert.equal(await page.getByRole("button", { name: "Extract activations from tiny" }).isDisabled(), true);

  await page.click("role=link[name='Datasets']");
  await page.getByLabel("Path on the server").fill(large);
  await page.click("role=button[name='Import dataset']");
  const dataset = page.locator("[data-testid=dataset-row]");
  await dataset.waitFor();
  await dataset.getByRole("link").click();
  await page.waitForSelector("[data-testid=dataset-page][data-status=ready]");
  assert.match(await text(page, "[data-testid=dataset-statistics]"), /Documents–Tokens–/);
  const progress = await watch(page, "[data-testid=transfer-progress]");
  await page.click("role=button[name='Tokenize…']");
  await page.getByLabel("Documents at most").fill("24000");
  assert.deepEqual(await audit(page), []);
  await page.click("role=dialog >> role=button[name=Tokenize]");
  await page.waitForSelector("[data-testid=dataset-page][data-status=tokenized]", { timeout: 60_000 });
  assert.ok((await progress()).some((said) => /^\d+\.\d/.test(said)), `progress was shown: ${JSON.stringify(await progress())}`);
  assert.match(await text(page, "[data-testid=dataset-statistics]"), /Documents24,000Tokens[\d,]{5,}Tokens a document\d+/);
  const lengths = page.locator("[data-testid=document-lengths]");
  assert.match((await lengths.textContent()) ?? "", /\d+ to [\d,]+; half have at most \d/);
  const documents = await lengths.locator("tbody td:last-child").allTextContents();
  assert.equal(documents.reduce((sum, said) => sum + Number(said.replaceAll(",", "")), 0), 24_000);
  assert.deepEqual(await audit(page), []);

  await page.click("role=link[name='Models']");
  await page.locator("[data-testid=model-row]").getByRole("link", { name: "tiny" }).first().click();
  await page.click("role=button[name='Extract…']");
  await page.getByText("MLP output").click();
  await page.getByLabel("Tokens a sample").fill("999");
  await page.click("role=dialog >> role=button[name=Extract]");
  await page.waitForSelector("dialog [role=alert]");
  assert.match((await page.getByLabel("Tokens a sample").getAttribute("aria-invalid")) ?? "", /true/);
  assert.match(await text(page, "dialog [role=alert]"), /takes at most 256/);
  await page.getByLabel("Tokens a sample").fill("64");
  await page.getByLabel("Samples at most").fill("96");
  const plan = await text(page, "[data-testid=extraction-plan]");
  assert.equal(plan, "Writes about 6.0 MiB: 6,144 vectors of 128, 2 sets.");
  await page.click("role=dialog >> role=button[name=Extract]");
  await page.waitForSelector("[data-testid=extraction-row][data-status=completed]", { timeout: 60_000 });
  // Planned were the vectors; headers and metadata come on top.
  const [extraction] = (await headway.get("/extractions")).items;
  assert.ok(extraction.size_bytes >= 6_291_456 && extraction.size_bytes < 6_291_456 * 1.02, String(extraction.size_bytes));
  await page.getByRole("button", { name: /^Statistics of/ }).click();
  const statistics = page.locator("[data-testid=extraction-statistics] tbody tr");
  await statistics.first().waitFor();
  assert.deepEqual(await statistics.locator("td:nth-child(2)").allTextContents(), ["residual", "mlp"]);
  assert.match((await statistics.first().textContent()) ?? "", /\d\.\d+.*6,144/);
  assert.deepEqual(await audit(page), []);
  assert.deepEqual(problems, []);
});

test("models-datasets: a download is shown live, paused, gone on with, and the model is ready without a reload", async () => {
  // The weights come bit by bit, as slowly as the page asks for.
  let release;
  const held = new Promise((resolve) => (release = resolve));
  hub.behave = ({ req, res, repo, file }) => {
    if (file !== "model.safetensors" || req.headers.range !== undefined) return false;
    const bytes = repo.files.get(file);
    res.writeHead(200, { "content-length": bytes.length, etag: '"held"' });
    res.write(bytes.subarray(0, 1_000_000));
    void held.then(() => res.destroy());
    return true;
  };
  const { page, problems } = await open("/models?add=hub");
  await page.getByLabel("Repository").fill("a/b/c");
  await page.click("role=button[name='Download model']");
  await page.waitForSelector("form [role=alert]");
  assert.equal(await page.getByLabel("Repository").getAttribute("aria-invalid"), "true");
  await page.getByLabel("Repository").fill(REPO);
  await page.click("role=button[name='Download model']");
  const card = page.locator("[data-testid=downloads] li");
  await card.waitFor();
  await page.waitForFunction(() => /model\.safetensors/.test(document.querySelector("[data-testid=transfer]")?.textContent ?? ""), undefined, { timeout: 20_000 });
  await page.waitForFunction(() => /\d+ KiB \/ 2\.7 MiB/.test((document.querySelector("[data-testid=transfer-line]")?.textContent ?? "").replace(/\u202f/g, " ")), undefined, { timeout: 20_000 });
  assert.match(await text(page, "[data-testid=transfer]"), /file 2 of 4/);
  assert.deepEqual(await audit(page), []);

  await card.getByRole("button", { name: `Pause the download of ${REPO}` }).click();
  await page.waitForSelector("[data-testid=transfer][data-status=paused]", { timeout: 20_000 });
  release();
  hub.behave = () => false;
  await card.getByRole("button", { name: `Resume the download of ${REPO}` }).click();
  const row = page.locator("[data-testid=model-row]", { hasText: REPO });
  await row.waitFor({ timeout: 30_000 });
  assert.match((await row.textContent()) ?? "", /ready/);
  await page.waitForSelector("[data-testid=downloads]", { state: "detached" });
  assert.match(hub.asked("model.safetensors").at(-1).range, /^bytes=\d{6,}-$/);

  await row.getByRole("link", { name: REPO }).first().click();
  await page.waitForSelector("[data-testid=model-page][data-status=ready]");
  assert.match(await text(page, "[data-testid=model-page]"), /test\/gpt2-tiny at main/);
  assert.deepEqual(problems, []);
});

test("models-datasets: what a hub has not says so in its row, and is tried again from there", async () => {
  const { page } = await open("/datasets?add=hub");
  await page.getByLabel("Repository").fill("test/verses");
  await page.getByLabel("Split").fill("validation");
  await page.click("role=button[name='Download dataset']");
  const row = page.locator("[data-testid=dataset-row]", { hasText: "test/verses" });
  await row.waitFor({ timeout: 20_000 });
  assert.match((await row.textContent()) ?? "", /failed.*Not found.*nothing there \(404\)/s);
  assert.deepEqual(await audit(page), []);
  hub.put("datasets", "test/verses", { "validation.jsonl": '{"text": "In the beginning"}\n' });
  await row.getByRole("button", { name: "Download test/verses again" }).click();
  await page.waitForSelector("[data-testid=dataset-row][data-status=ready]", { timeout: 20_000 });
  assert.match((await row.textContent()) ?? "", /validation/);
});

test("models-datasets: a download that failed is removed, with its failure, on every page that shows it", async () => {
  const { page, problems } = await open("/models?add=hub");
  await page.getByLabel("Repository").fill("test/never-there");
  await page.click("role=button[name='Download model']");
  const row = page.locator("[data-testid=model-row]", { hasText: "test/never-there" });
  await row.getByText("failed").waitFor({ timeout: 20_000 });
  const other = await open("/models");
  const elsewhere = other.page.locator("[data-testid=model-row]", { hasText: "test/never-there" });
  await elsewhere.waitFor();
  await row.getByRole("button", { name: "Remove test/never-there" }).click();
  await page.waitForSelector("dialog[open]");
  assert.deepEqual(await audit(page), []);
  await page.click("role=dialog >> role=button[name='Remove']");
  await row.waitFor({ state: "detached" });
  await elsewhere.waitFor({ state: "detached" });
  assert.deepEqual((await headway.get("/operations?state=failed")).items, []);
  assert.deepEqual([...problems, ...other.problems], []);
});

test("models-datasets: nothing overflows on a phone or in a small window", async () => {
  const [model] = (await headway.get("/models")).items;
  const [dataset] = (await headway.get("/datasets")).items;
  for (const [colorScheme, viewport] of [["dark", { width: 390, height: 844 }], ["light", { width: 1024, height: 768 }]]) {
    const { page } = await open("/models", { viewport, colorScheme });
    for (const path of ["/models?add=hub", `/models/${model.id}`, "/datasets?add=hub", `/datasets/${dataset.id}`]) {
      await page.goto(headway.url + path);
      await connection(page, "live");
      await page.waitForSelector("[data-testid=model-row], [data-testid=dataset-row], [data-testid=model-page], [data-testid=dataset-page]");
      assert.equal(await page.evaluate(() => Math.max(0, document.documentElement.scrollWidth - window.innerWidth)), 0, `${path} ${viewport.width}`);
      assert.deepEqual(await audit(page), [], `${path} ${colorScheme}`);
    }
  }
});
