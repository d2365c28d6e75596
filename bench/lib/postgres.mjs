// A PostgreSQL server for measuring (scripts/private-postgres.sh --durable): what is committed is on disk.
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const script = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../scripts/private-postgres.sh');

export class Postgres {
  static async start() {
    const p = new Postgres();
    p.process = spawn('sh', [script, '--durable'], { stdio: ['pipe', 'pipe', 'inherit'] });
    p.exited = new Promise((done) => p.process.once('exit', done));
    p.folder = await new Promise((done, fail) => {
      createInterface({ input: p.process.stdout }).once('line', done);
      p.process.once('exit', () => fail(new Error('the private PostgreSQL server does not come up')));
    });
    p.url = `postgresql://postgres@/postgres?host=${p.folder}`;
    return p;
  }

  // Processor time of the server and those of its processes that have not ended, in µs.
  used() {
    const main = readFileSync(path.join(this.folder, 'data/postmaster.pid'), 'utf8').split('\n')[0];
    const children = readFileSync(`/proc/${main}/task/${main}/children`, 'utf8').trim().split(' ').filter(Boolean);
    const of = (pid) => {
      try {
        return readdirSync(`/proc/${pid}/task`).reduce((sum, id) => sum + Number(readFileSync(`/proc/${pid}/task/${id}/schedstat`, 'utf8').split(' ')[0]), 0) / 1000;
      } catch {
        return 0; // it has just ended
      }
    };
    return [main, ...children].reduce((sum, pid) => sum + of(pid), 0);
  }

  async stop() {
    this.process.stdin.end();
    await this.exited;
  }
}
