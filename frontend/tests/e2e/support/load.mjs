/** A worker of the test's own: takes trainings from a queue that nobody else serves, and reports for all of them many times a second. */

const QUEUE = "performance";
const STEPS = 1_000_000;

/** The number that each job reports last; no two are alike. */
export const finalStep = (i) => 900_000 + i;
export const finalLoss = (i) => 0.5 + i / 1000;

/** Begins `count` trainings, all running; returns what keeps them going. */
export async function startLoad(headway, extractionId, count) {
  const { id: worker } = await headway.post("/workers", { host: "elsewhere", pid: process.pid, version: "0", slots: { cpu: count, gpu: 0, io: 0 }, queues: [QUEUE] });
  for (let i = 0; i < count; i += 1) {
    await headway.post("/trainings", { extraction_id: extractionId, name: `run ${String(i).padStart(2, "0")}`, queue: QUEUE, n_features: 256, k: 16, batch_size: 256, total_steps: STEPS });
  }
  const jobs = [];
  while (jobs.length < count) {
    const { jobs: claimed } = await headway.post(`/workers/${worker}/claim`, { slots: { cpu: count - jobs.length }, wait_seconds: 5 });
    jobs.push(...claimed);
  }
  let batch = 0;
  let sent = 0;
  async function report(events) {
    const reports = jobs.map((job, i) => ({ job_id: job.job_id, attempt: job.attempt, lease: job.lease, events: events(i) }));
    batch += 1;
    const answer = await headway.post(`/workers/${worker}/report`, { batch, reports });
    const lost = Object.entries(answer.jobs).filter(([, { ok }]) => !ok);
    if (lost.length > 0) throw new Error(`leases lost: ${JSON.stringify(lost[0])}`);
  }
  const step = (i, at, loss) => [
    { type: "metric", step: at, loss, l0_sparsity: 16 + (i % 5), explained_variance: 0.8, dead_neurons: i },
    { type: "progress", done: at, total: STEPS, unit: "steps" },
  ];
  await report(() => [{ type: "started", pid: process.pid }]);
  return {
    jobs: jobs.map((job) => job.job_id),
    /** Each job so many times a second, for so long; a report that is late is not made up for. Returns updates sent a second. */
    async run(perSecond, seconds) {
      const begun = Date.now();
      const end = begun + seconds * 1000;
      const before = sent;
      for (let tick = 1; Date.now() < end; tick += 1) {
        await report((i) => step(i, sent / jobs.length + 1, 1 / (1 + sent / 5000) + i / 1000));
        sent += jobs.length;
        const wait = begun + (tick * 1000) / perSecond - Date.now();
        if (wait > 0) await new Promise((done) => setTimeout(done, wait));
      }
      return ((sent - before) * 1000) / (Date.now() - begun);
    },
    finish: () => report((i) => step(i, finalStep(i), finalLoss(i))),
  };
}
