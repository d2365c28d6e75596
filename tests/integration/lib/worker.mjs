// A real `headway worker` process of a test's own: which queues it serves, how many places it has, and what its tasks do, as a shell script.
import { spawn } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { after } from 'node:test';
import path from 'node:path';
import { headway, headwayTask, temporaryFolder, until } from './headway.mjs';

const running = new Set();
after(async () => {
  for (const worker of running) await worker.stop();
});

export class Worker {
  // options: data (that of a worker which this one follows), queues, slots, script (the task's body after #!/bin/sh; else the real task program), args, env
  static async start(server, { data, queues = 'default', slots = 'cpu=1', script, args = [], env } = {}) {
    const worker = new Worker();
    worker.data = data ?? (await temporaryFolder('headway-worker-'));
    let task = headwayTask;
    if (script) {
      task = path.join(worker.data, 'task');
      await writeFile(task, `#!/bin/sh\n${script}\n`, { mode: 0o700 });
    }
    running.add(worker);
    worker.stderr = '';
    worker.process = spawn(headway, ['worker', '--server', server.url, '--data', worker.data, '--slots', slots, '--queues', queues, '--task', task, ...args], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, ...env },
    });
    worker.process.stderr.on('data', (bytes) => (worker.stderr += bytes));
    worker.exited = new Promise((resolve) => worker.process.once('exit', (code, signal) => resolve({ code, signal })));
    worker.id = await until('the worker to register', () => {
      if (worker.process.exitCode !== null) throw new Error(`the worker ended:\n${worker.stderr}`);
      return /registered as (wrk_\w+)/.exec(worker.stderr)?.[1];
    });
    return worker;
  }

  get pid() {
    return this.process.pid;
  }

  // Its folder stays, for the one that follows it.
  async kill() {
    running.delete(this);
    this.process.kill('SIGKILL');
    return this.exited;
  }

  // In order, also where it has been made to stand still.
  async stop() {
    running.delete(this);
    this.process.kill('SIGCONT');
    this.process.kill('SIGTERM');
    const end = await this.exited;
    await rm(this.data, { recursive: true, force: true });
    return end;
  }
}
