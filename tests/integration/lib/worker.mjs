// A real `headway worker` process of a test's own: which queues it serves, how many places it has, and what its tasks do, as a shell script.
import { spawn } from 'node:child_process';
import { chmod, rm, writeFile } from 'node:fs/promises';
import { after } from 'node:test';
import path from 'node:path';
import { headway, headwayTask, temporaryFolder } from './headway.mjs';

const running = new Set();
after(async () => {
  for (const worker of running) await worker.stop();
});

export class Worker {
  // options: queues, slots, script (the task's body after #!/bin/sh; else the real task program)
  static async start(server, { queues = 'default', slots = 'cpu=1', script } = {}) {
    const worker = new Worker();
    worker.data = await temporaryFolder('headway-worker-');
    let task = headwayTask;
    if (script) {
      task = path.join(worker.data, 'task');
      await writeFile(task, `#!/bin/sh\n${script}\n`);
      await chmod(task, 0o700);
    }
    running.add(worker);
    worker.stderr = '';
    worker.process = spawn(headway, ['worker', '--server', server.url, '--data', path.join(worker.data, 'w'), '--slots', slots, '--queues', queues, '--task', task], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    worker.exited = new Promise((resolve) => worker.process.once('exit', (code, signal) => resolve({ code, signal })));
    worker.id = await new Promise((resolve, reject) => {
      worker.process.stderr.on('data', (bytes) => {
        worker.stderr += bytes;
        const match = /registered as (wrk_\w+)/.exec(worker.stderr);
        if (match) resolve(match[1]);
      });
      worker.exited.then(() => reject(new Error(`the worker ended:\n${worker.stderr}`)));
    });
    return worker;
  }

  async stop() {
    running.delete(this);
    if (this.process.exitCode === null && this.process.signalCode === null) this.process.kill('SIGTERM');
    const end = await this.exited;
    await rm(this.data, { recursive: true, force: true });
    return end;
  }
}
