// Jobs that write whatever a shell script writes: in the place of the task program stands one that runs the script for
// every tokenization, and the real one for everything else.
import { chmod, rm, writeFile } from 'node:fs/promises';
import { after } from 'node:test';
import path from 'node:path';
import { Server, headwayTask, temporaryFolder } from './headway.mjs';

const folders = [];
after(() => Promise.all(folders.map((it) => rm(it, { recursive: true, force: true }))));

// A server whose tokenizations run the shell script `script`; `server.write()` submits one.
export async function writingServer(script, options = {}) {
  const folder = await temporaryFolder();
  folders.push(folder);
  const program = path.join(folder, 'task.sh');
  await writeFile(program, `#!/bin/sh\nif [ "$1" != tokenize ]; then exec '${headwayTask}' "$@"; fi\n${script}\n`);
  await chmod(program, 0o755);
  const server = await Server.start({ ...options, args: [...(options.args ?? []), '--task', program] });
  const { model, dataset } = await server.importSample();
  server.write = () => server.post(`/datasets/${dataset.id}/tokenize`, { model_id: model.id });
  return server;
}
