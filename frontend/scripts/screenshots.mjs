#!/usr/bin/env node
/**
 * Pictures of every page with the real server and real jobs: screenshots.mjs OUTDIR
 * The server is HEADWAY_BIN, or build/bin/headway. DOCS=1: only docs/images, in their size. Takes about three minutes, since the
 * trainings have to get somewhere and the machine's charts have to fill.
 */
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connection, eventually, startBrowser } from "../tests/e2e/support/browser.mjs";
import { ended, sample, startHeadway, startTraining, until } from "../tests/e2e/support/headway.mjs";

const out = process.argv[2] ?? "screenshots";
const forDocs = process.env.DOCS === "1";
const HISTORY_SECONDS = 95;
const SIZES = [
  { name: "desktop", viewport: { width: 1440, height: 900 }, deviceScaleFactor: 1 },
  { name: "phone", viewport: { width: 390, height: 844 }, deviceScaleFactor: 2 },
];

const scratch = mkdtempSync(join(process.env.TMPDIR ?? tmpdir(), "headway-pictures-"));
mkdirSync(out, { recursive: true });
const headway = await startHeadway(["--slots", "cpu=2,gpu=0,io=4"]);
const startedAt = Date.now();
const browser = await startBrowser();

async function pictures(pages, sizes = forDocs ? SIZES.slice(0, 1) : SIZES) {
  for (const colorScheme of ["dark", "light"]) {
    for (const { name: size, ...context } of sizes) {
      const view = await browser.newContext({ ...context, colorScheme, reducedMotion: "reduce" });
      const page = await view.newPage();
      for (const [name, path, ready] of pages) {
        await page.goto(headway.url + path);
        await connection(page, "live");
        if (ready !== undefined) await eventually(page, `${name} with its content`, ready, (yes) => yes);
        await page.screenshot({ path: join(out, forDocs ? `${name}-${colorScheme}.png` : `${name}-${colorScheme}-${size}.png`) });
      }
      await view.close();
    }
  }
}

async function tokenize(dataset, model, documents) {
  return headway.post(`/datasets/${dataset.id}/tokenize`, { model_id: model.id, max_documents: documents });
}

/** The jobs of somebody's afternoon; returns the training to look at. */
async function work() {
  const model = await headway.post("/models", { path: sample("model") });
  const corpus = await headway.post("/datasets", { path: sample("corpus/kjv.jsonl.gz") });
  await ended(headway, "tokenize", (await tokenize(corpus, model, 3000)).id);
  const extraction = await headway.post(`/models/${model.id}/extractions`, {
    dataset_id: corpus.id,
    layers: [0, 1],
    hooks: ["residual"],
    max_samples: 400,
  });
  await ended(headway, "extract", extraction.job_id);
  const quick = await startTraining(headway, extraction.id, { name: "kjv · layer 0 · trial run", layers: [0], total_steps: 300 });
  await ended(headway, "a short training", quick.job_id);

  // A file that went away after it was imported.
  const file = join(scratch, "notes.jsonl.gz");
  copyFileSync(sample("corpus/kjv.jsonl.gz"), file);
  const lost = await headway.post("/datasets", { path: file });
  rmSync(file);
  const failing = await tokenize(lost, model, 0);
  await until("a failed job", () => headway.get(`/jobs/${failing.id}`), ({ status }) => status === "failed");

  const long = { batch_size: 256, log_every: 20, checkpoint_every: 1000, threads: 1 };
  const watched = await startTraining(headway, extraction.id, {
    ...long,
    name: "kjv · layers 0 and 1 · topk 32",
    layers: [0, 1],
    n_features: 1024,
    k: 32,
    total_steps: Number(process.env.TOPK_STEPS ?? 65_000),
  });
  const other = await startTraining(headway, extraction.id, {
    ...long,
    name: "kjv · layer 1 · standard",
    layers: [1],
    architecture: "standard",
    l1_coefficient: 0.5,
    n_features: 1024,
    total_steps: Number(process.env.STANDARD_STEPS ?? 100_000),
  });
  await startTraining(headway, extraction.id, { ...long, name: "kjv · layer 0 · topk 64, wide", layers: [0], n_features: 4096, k: 64, total_steps: 40_000 });
  await until(
    "two trainings well under way",
    () => Promise.all([headway.get(`/trainings/${watched.id}`), headway.get(`/trainings/${other.id}`)]),
    (both) => Date.now() - startedAt > HISTORY_SECONDS * 1000 && both.every(({ progress }) => progress > 25),
    400_000,
  );
  console.log((await Promise.all([watched, other].map(({ id }) => headway.get(`/trainings/${id}`)))).map(({ name, progress }) => `${name}: ${progress} %`));
  return watched;
}

try {
  if (!forDocs) await pictures([["empty", "/"]]);
  const training = await work();
  const points = (id, least) => `Number(document.querySelector("[data-testid=${id}]")?.dataset.points ?? 0) > ${least}`;
  const pages = [
    ["operations", "/operations", "document.querySelectorAll('[data-testid=operation-card] svg[role=img] path[d*=L]').length >= 2"],
    ["training", `/trainings/${training.id}`, points("chart-loss", 20)],
    ["system", "/system", points("chart-cpu", 20)],
  ];
  const others = ["trainings", "models", "datasets", "settings"].map((name) => [name, `/${name}`]);
  await pictures(forDocs ? pages : [...pages, ...others]);
} finally {
  await browser.close();
  await headway.stop();
  rmSync(scratch, { recursive: true, force: true });
}
