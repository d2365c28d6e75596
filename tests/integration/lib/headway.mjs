// A real server process of this build, on a free port with a folder of its own.
import { spawn } from 'node:child_process';
import { mkdtemp, rm, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { after } from 'node:test';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');
export const build = path.resolve(process.env.HEADWAY_BUILD ?? path.join(root, 'build'));
export const headway = path.join(build, 'bin/headway');
export const headwayTask = path.join(build, 'bin/headway-task');
export const sample = path.join(root, 'sample');

// Sanitizer builds are several times slower.
export const patience = Number(process.env.HEADWAY_PATIENCE ?? 1) * (/asan|tsan/.test(build) ? 6 : 1);

export async function temporaryFolder(prefix = 'headway-test-') {
  return mkdtemp(path.join(process.env.TMPDIR ?? tmpdir(), prefix));
}

// Resolves with check()'s first truthy value; rejects when the deadline is over. For what no event announces.
export async function until(what, check, seconds = 20) {
  const deadline = Date.now() + seconds * 1000 * patience;
  for (;;) {
    const value = await check();
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`waited ${seconds * patience} s for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

// What a test that failed half-way didn't stop would keep the run from ending.
const running = new Set();
after(async () => {
  for (const server of running) await server.stop();
});

export class Server {
  constructor(options) {
    this.options = options;
    this.stderr = '';
  }

  // options: data (a folder to keep; else a temporary one), worker (default true), args, env, port
  static async start(options = {}) {
    const server = new Server(options);
    server.ownsData = !options.data;
    server.data = options.data ?? (await temporaryFolder());
    await server.launch();
    return server;
  }

  async launch() {
    const o = this.options;
    const args = ['serve', '--listen', `127.0.0.1:${o.port ?? this.port ?? 0}`, '--data', this.data, ...(o.worker === false ? ['--no-worker'] : []), ...(o.args ?? [])];
    running.add(this);
    this.process = spawn(headway, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...o.env } });
    this.exited = new Promise((resolve) => this.process.once('exit', (code, signal) => resolve({ code, signal })));
    this.process.stderr.on('data', (bytes) => (this.stderr += bytes));
    this.url = await new Promise((resolve, reject) => {
      let out = '';
      const timer = setTimeout(() => reject(new Error(`the server did not come up:\n${out}${this.stderr}`)), 20000 * patience);
      this.process.stdout.on('data', (bytes) => {
        out += bytes;
        const match = /http:\/\/[^\s/]+(?=\/?\s)/.exec(out);
        if (match) {
          clearTimeout(timer);
          resolve(match[0]);
        }
      });
      this.exited.then(({ code, signal }) => {
        clearTimeout(timer);
        reject(new Error(`the server ended (${code ?? signal}):\n${out}${this.stderr}`));
      });
    });
    this.port = Number(new URL(this.url).port);
    return this;
  }

  // In order, as Ctrl-C does. Resolves with {code, signal}.
  async stop() {
    running.delete(this);
    if (this.process.exitCode === null && this.process.signalCode === null) this.process.kill('SIGTERM');
    const end = await this.exited;
    if (this.ownsData) await rm(this.data, { recursive: true, force: true });
    return end;
  }

  async kill() {
    this.process.kill('SIGKILL');
    return this.exited;
  }

  async restart() {
    return this.launch();
  }

  // The local worker's pid, from its lock.
  async workerPid() {
    return until('a worker', async () => {
      const text = await readFile(path.join(this.data, 'worker.lock'), 'utf8').catch(() => '');
      return Number.parseInt(text, 10) || null;
    });
  }

  async request(method, pathname, body, headers = {}) {
    const response = await fetch(this.url + pathname, {
      method,
      headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      body: body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body),
    }).catch((e) => {
      // No answer: the server's own last words say more than "fetch failed".
      throw Object.assign(new Error(`${method} ${pathname}: ${e.cause?.message ?? e.message}\n${this.stderr.slice(-4000)}`), { cause: e.cause });
    });
    const text = await response.text();
    let json = null;
    try {
      json = text ? JSON.parse(text) : null;
    } catch {
      // not JSON: the caller looks at `text`
    }
    return { status: response.status, headers: response.headers, text, json };
  }

  async get(pathname) {
    return this.call('GET', pathname);
  }

  async post(pathname, body = {}) {
    return this.call('POST', pathname, body);
  }

  // Below /api/v1; anything but success is an error with the server's words.
  async call(method, pathname, body) {
    const r = await this.request(method, `/api/v1${pathname}`, body);
    if (r.status >= 300) throw Object.assign(new Error(`${method} ${pathname}: ${r.status} ${r.text}`), { status: r.status, error: r.json?.error });
    return r.json;
  }

  // Waits for one of the statuses; the job as it then is.
  async job(id, statuses = ['completed', 'failed', 'cancelled'], seconds = 60) {
    return until(`job ${id} to be ${statuses}`, async () => {
      const job = await this.get(`/jobs/${id}`);
      return statuses.includes(job.status) ? job : null;
    }, seconds);
  }

  async importSample() {
    const model = await this.post('/models', { path: path.join(sample, 'model') });
    const dataset = await this.post('/datasets', { path: path.join(sample, 'corpus/kjv.jsonl.gz') });
    return { model, dataset };
  }

  // Model, tokenized dataset and a completed extraction, small.
  async prepare({ documents = 60, samples = 64, layers = [2] } = {}) {
    const { model, dataset } = await this.importSample();
    const tokenize = await this.post(`/datasets/${dataset.id}/tokenize`, { model_id: model.id, max_documents: documents });
    const tokenized = await this.job(tokenize.id);
    if (tokenized.status !== 'completed') throw new Error(`tokenize: ${tokenized.error_message}`);
    const extraction = await this.post(`/models/${model.id}/extractions`, { dataset_id: dataset.id, layers, max_samples: samples });
    const extracted = await this.job(extraction.job_id);
    if (extracted.status !== 'completed') throw new Error(`extract: ${extracted.error_message}`);
    return { model, dataset, extraction: await this.get(`/extractions/${extraction.id}`) };
  }
}
