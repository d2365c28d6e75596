// A job kind is known in every place that must know it: docs/development/adding-job-types.md lists them.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { Server, headwayTask, root } from './lib/headway.mjs';

const read = (name) => readFile(path.join(root, name), 'utf8');

test('every kind of the table is in the schemas, the task program, its documentation and the dashboard', async () => {
  const server = await Server.start({ worker: false });
  try {
    const refusal = await server.request('POST', '/api/v1/jobs', { kind: 'dance' });
    const kinds = /known are (.*)$/.exec(refusal.json.error.message)[1].split(', ');
    assert.ok(kinds.length >= 5);
    for (const file of ['openapi.json', 'asyncapi.json']) {
      assert.deepEqual(JSON.parse(await read(`schema/${file}`)).components.schemas.Kind.enum.sort(), [...kinds].sort(), file);
    }
    const [help, documents, words] = [(await promisify(execFile)(headwayTask, ['--help'])).stdout, await read('docs/api/tasks.md'), await read('frontend/src/lib/jobWords.ts')];
    for (const kind of kinds) {
      assert.match(words, new RegExp(`^  ${kind}: "`, 'm'), 'what the dashboard calls it');
      if (kind === 'command') continue; // a program of its caller's
      assert.match(help, new RegExp(`^  ${kind} `, 'm'));
      assert.match(documents, new RegExp(`^## ${kind}$`, 'm'));
      // That there is a rule: what is missing is told, not that the kind has none.
      const bare = await server.request('POST', '/api/v1/jobs', { kind, params: {} });
      assert.equal(bare.status, 422);
      assert.notEqual(bare.json.error.field, 'kind', bare.text);
    }
  } finally {
    await server.stop();
  }
});
