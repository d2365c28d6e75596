// A real server for measuring, one connection to it, and a job that a worker of the benchmark's own holds.
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { createInterface } from 'node:readline';

export class Server {
  static async start(binary, data, env = {}) {
    const s = new Server();
    s.process = spawn(binary, ['serve', '--listen', '127.0.0.1:0', '--data', data, '--no-worker'], { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, ...env } });
    s.agent = new Agent({ keepAlive: true });
    s.url = await new Promise((done) =>
      createInterface({ input: s.process.stdout }).on('line', (line) => {
        const match = /http:\/\/[^\s/]+/.exec(line);
        if (match) done(match[0]);
      }),
    );
    return s;
  }

  call(method, path, body) {
    const text = body === undefined ? '' : JSON.stringify(body);
    return new Promise((done, fail) => {
      const req = request(`${this.url}/api/v1${path}`, { method, agent: this.agent, headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) } }, (answer) => {
        let got = '';
        answer.on('data', (it) => (got += it)).on('end', () => (answer.statusCode < 300 ? done(got) : fail(new Error(`${path}: ${got}`))));
      });
      req.on('error', fail).end(text);
    });
  }

  // Processor time of all threads, in ms.
  used() {
    const ids = readdirSync(`/proc/${this.process.pid}/task`);
    return ids.reduce((sum, id) => sum + Number(readFileSync(`/proc/${this.process.pid}/task/${id}/schedstat`, 'utf8').split(' ')[0]), 0) / 1e6;
  }

  async stop() {
    this.agent.destroy();
    const end = new Promise((done) => this.process.once('exit', done));
    this.process.kill('SIGTERM');
    await end;
  }
}

let workers = 0;

export class Job {
  static async begin(server) {
    const j = new Job();
    j.server = server;
    j.batch = 0;
    j.worker = JSON.parse(await server.call('POST', '/workers', { host: 'bench', pid: ++workers, version: '0' })).id;
    Object.assign(j, JSON.parse(await server.call('POST', `/workers/${j.worker}/jobs`, { kind: 'command', params: { command: ['x'], cwd: '/' }, resource_class: 'cpu' })));
    await j.report([{ type: 'started', pid: 1 }]);
    return j;
  }

  report(events) {
    const reports = [{ job_id: this.job_id, attempt: 1, lease: this.lease, events }];
    return this.server.call('POST', `/workers/${this.worker}/report`, { batch: ++this.batch, reports });
  }
}
