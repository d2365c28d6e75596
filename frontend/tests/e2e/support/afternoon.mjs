/** A server with the jobs of somebody's afternoon: one that runs, some that wait, some that have ended, one that failed. */
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ended, prepareActivations, sample, startTraining, until } from "./headway.mjs";

export async function afternoon(headway) {
  const extraction = await prepareActivations(headway);
  const quick = await startTraining(headway, extraction, { name: "kjv · layer 0 · trial run", total_steps: 60 });
  await ended(headway, "a short training", quick.job_id);

  // A file that went away after it was imported.
  const scratch = mkdtempSync(join(process.env.TMPDIR ?? tmpdir(), "headway-e2e-lost-"));
  const file = join(scratch, "notes.jsonl.gz");
  copyFileSync(sample("corpus/kjv.jsonl.gz"), file);
  const lost = await headway.post("/datasets", { path: file });
  rmSync(scratch, { recursive: true });
  const [model] = (await headway.get("/models")).items;
  const failing = await headway.post(`/datasets/${lost.id}/tokenize`, { model_id: model.id });
  await until("a failed job", () => headway.get(`/jobs/${failing.id}`), ({ status }) => status === "failed", 120_000);

  const long = { total_steps: 4_000_000, log_every: 50, checkpoint_every: 1_000_000, threads: 1 };
  const running = await startTraining(headway, extraction, { ...long, name: "kjv · layer 0 · topk 16" });
  await startTraining(headway, extraction, { ...long, name: "kjv · layer 0 · topk 64, with a name that is rather long for the place that it has" });
  await startTraining(headway, extraction, { ...long, name: "kjv_layer_0_a_name_without_any_space_in_it_that_can_not_be_broken_at_a_word" });
  await until("a training that runs", () => headway.get(`/jobs/${running.job_id}`), ({ status, progress }) => status === "running" && progress > 0, 120_000);
  return running;
}
