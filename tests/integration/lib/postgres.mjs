// A PostgreSQL server of the test's own (scripts/private-postgres.sh), which the test may crash and start again.
import { execFile, spawn } from 'node:child_process';
import path from 'node:path';
import readline from 'node:readline';
import { after } from 'node:test';
import { promisify } from 'node:util';
import { root } from './headway.mjs';

const running = new Set();
after(async () => {
  for (const server of running) await server.stop();
});

export class Postgres {
  static async start(...options) {
    const server = new Postgres();
    server.process = spawn('sh', [path.join(root, 'scripts/private-postgres.sh'), ...options], { stdio: ['pipe', 'pipe', 'inherit'] });
    server.exited = new Promise((resolve) => server.process.once('exit', resolve));
    server.lines = readline.createInterface({ input: server.process.stdout })[Symbol.asyncIterator]();
    running.add(server);
    server.folder = await server.line();
    server.url = `postgresql://postgres@/postgres?host=${server.folder}`;
    return server;
  }

  async line() {
    const { value, done } = await this.lines.next();
    if (done) throw new Error('the private PostgreSQL server ended');
    return value;
  }

  // kill -9 of all of its processes.
  async crash() {
    this.process.stdin.write('crash\n');
    await this.line();
  }

  async restart() {
    this.process.stdin.write('start\n');
    await this.line();
  }

  // The rows as arrays of texts.
  async ask(text) {
    const { stdout } = await promisify(execFile)('psql', ['-h', this.folder, '-U', 'postgres', '-qAtX', '-F', '\t', '-c', text, 'postgres']);
    return stdout.split('\n').filter(Boolean).map((line) => line.split('\t'));
  }

  async stop() {
    running.delete(this);
    this.process.stdin.end();
    return this.exited;
  }
}
