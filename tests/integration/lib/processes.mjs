// The processes of jobs, as the kernel tells them.
import { readdir, readFile } from 'node:fs/promises';
import { until } from './headway.mjs';

async function environment(pid) {
  const text = await readFile(`/proc/${pid}/environ`, 'latin1').catch(() => '');
  return text.split('\0');
}

// State letter of a process, null when it has gone. A zombie has ended and only waits for its parent.
export async function processState(pid) {
  const text = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '');
  const state = text.slice(text.lastIndexOf(')') + 2, text.lastIndexOf(')') + 3);
  return state === '' || state === 'Z' || state === 'X' ? null : state;
}

export async function alive(pid) {
  return (await processState(pid)) !== null;
}

// Every living process that was started for the job, children of its task included.
export async function processesOf(jobId) {
  const found = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    if ((await environment(name)).includes(`HEADWAY_JOB_ID=${jobId}`) && (await alive(name))) found.push(Number(name));
  }
  return found;
}

export async function taskOf(jobId) {
  return until(`a process of ${jobId}`, async () => (await processesOf(jobId))[0] ?? null);
}

export async function gone(pid, seconds = 10) {
  await until(`process ${pid} to end`, async () => !(await alive(pid)), seconds);
}
