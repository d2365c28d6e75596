// What jobs write: kept however they end, bounded whatever they write, read from either end, followed live.
import assert from 'node:assert/strict';
import { open, readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { execFileSync, spawn } from 'node:child_process';
import { describe, test } from 'node:test';
import { Follower } from './lib/follower.mjs';
import { writingServer } from './lib/flood.mjs';
import { headway, patience, temporaryFolder, until } from './lib/headway.mjs';

const MiB = 1 << 20;

async function databaseBytes(server) {
  const names = (await readdir(server.data)).filter((name) => name.startsWith('headway.db'));
  const sizes = await Promise.all(names.map((name) => stat(path.join(server.data, name)).then((it) => it.size).catch(() => 0)));
  return sizes.reduce((sum, n) => sum + n, 0);
}

// Runs `headway logs …`; its output so far is in .out.
function logs(server, ...args) {
  const process_ = spawn(headway, ['logs', ...args, '--server', server.url], { stdio: ['ignore', 'pipe', 'pipe'] });
  const run = { out: '', err: '', kill: (signal) => process_.kill(signal) };
  process_.stdout.on('data', (bytes) => (run.out += bytes));
  process_.stderr.on('data', (bytes) => (run.err += bytes));
  run.exited = new Promise((resolve) => process_.once('close', (code) => resolve(code)));
  return run;
}

describe('what a job writes', () => {
  test('never again 35: a job that writes millions of lines keeps its beginning and its end, in a bounded database', async () => {
    const total = 2_000_000;
    const server = await writingServer(`seq ${total}; echo 'out of memory' >&2; kill -9 $$`);
    const { id } = await server.write();
    // While it writes the server answers, and a page that follows is not drowned.
    const follower = await Follower.open(server.url, [`jobs/${id}/logs`]);
    let largest = 0;
    let slowest = 0;
    let job;
    await until('the end of the flood', async () => {
      const asked = Date.now();
      job = await server.get(`/jobs/${id}`);
      slowest = Math.max(slowest, Date.now() - asked);
      largest = Math.max(largest, await databaseBytes(server));
      return job.finished_at;
    }, 240);
    assert.equal(job.status, 'failed');
    assert.match(job.error_message, /SIGKILL/);
    assert.ok(largest < 128 * MiB, `the database grew to ${(largest / MiB).toFixed(0)} MiB`);
    assert.ok(slowest < 5000 * patience, `an answer took ${slowest} ms`);
    await follower.wait('log:lines', (it) => it.lines.at(-1).seq === total + 1);
    assert.ok(follower.of('log:lines').every((it) => it.lines.length <= 256));

    // The whole of it, forward: the beginning, one line that says what is missing, the end; each line where it belongs.
    const lines = [];
    for (let after = 0; ; ) {
      const page = await server.get(`/jobs/${id}/logs?limit=5000&after=${after}`);
      lines.push(...page.items);
      after = page.next_after;
      if (page.items.length < 5000) break;
    }
    const marks = lines.filter((line) => line.stream === 'log');
    assert.equal(marks.length, 1);
    const [mark] = marks;
    const missing = Number(/^… ([\d,]+) lines \([\d.]+ MiB\) are not kept …$/.exec(mark.text)[1].replaceAll(',', ''));
    assert.equal(lines.length - 1 + missing, total + 1);
    for (const line of lines) if (line.stream === 'stdout') assert.equal(line.text, String(line.seq));
    assert.equal(lines[0].text, '1');
    assert.equal(lines.at(-1).text, 'out of memory');
    const at = lines.indexOf(mark);
    assert.equal(lines[at - 1].seq + missing, mark.seq);
    assert.equal(lines[at + 1].seq, mark.seq + 1);
    const bytes = (list) => list.reduce((sum, line) => sum + line.text.length + 48, 0);
    assert.ok(bytes(lines.slice(0, at)) > 0.99 * MiB && bytes(lines.slice(0, at)) <= MiB);
    assert.ok(bytes(lines.slice(at + 1)) > 63 * MiB && bytes(lines.slice(at + 1)) <= 64 * MiB);

    // Backward, a page opens it at its end and comes over the gap to the beginning.
    const end = await server.get(`/jobs/${id}/logs?tail=3`);
    assert.deepEqual(end.items.map((line) => line.seq), [total - 1, total, total + 1]);
    assert.equal(end.next_before, total - 1);
    const before = await server.get(`/jobs/${id}/logs?before=${mark.seq + 2}&limit=3`);
    assert.deepEqual(before.items.map((line) => line.seq), [lines[at - 1].seq, mark.seq, mark.seq + 1]);
    const first = await server.get(`/jobs/${id}/logs?before=3`);
    assert.deepEqual(first.items.map((line) => line.seq), [1, 2]);
    assert.equal(first.next_before, null);
    const errors = await server.get(`/jobs/${id}/logs?tail=5&stream=stderr`);
    assert.deepEqual(errors.items.map((line) => line.seq), [mark.seq, total + 1]);
    follower.close();
    assert.deepEqual(await server.stop(), { code: 0, signal: null });
  });

  test('headway logs: from the end, one stream, and on until the job has ended', async () => {
    const folder = await temporaryFolder();
    const gate = path.join(folder, 'gate');
    execFileSync('mkfifo', [gate]);
    const server = await writingServer(`echo one; echo two >&2; read line < '${gate}'; echo three; printf 'four without an end'; exit 3`);
    const { id } = await server.write();
    const follow = logs(server, id, '--follow');
    const only = logs(server, id, '--follow', '--stream', 'stderr', '--json');
    await until('what is there already', () => /one\n/.test(follow.out) && /two/.test(only.out));
    const interrupted = logs(server, id, '--follow');
    await until('the second follower', () => /one\n/.test(interrupted.out));
    interrupted.kill('SIGINT');
    assert.equal(await interrupted.exited, 130);
    const writer = await open(gate, 'w');
    await writer.write('go\n');
    await writer.close();
    assert.equal(await follow.exited, 0, follow.err);
    assert.deepEqual(follow.out.split('\n').sort(), ['', 'four without an end', 'one', 'three', 'two']);
    assert.ok(follow.out.endsWith('three\nfour without an end\n'));
    assert.equal(await only.exited, 0);
    const [line, ...rest] = only.out.trim().split('\n').map((it) => JSON.parse(it));
    assert.deepEqual([line.stream, line.text, rest.length], ['stderr', 'two', 0]);
    const job = await server.job(id);
    assert.equal(job.status, 'failed');

    const tail = logs(server, id, '--tail', '2');
    assert.equal(await tail.exited, 0);
    assert.equal(tail.out, 'three\nfour without an end\n');
    for (const args of [['--tail', '0'], ['--tail', 'x'], ['--tail', '5001']]) assert.equal(await logs(server, id, ...args).exited, 2);
    const nobody = logs(server, 'job_nobody', '--follow');
    assert.equal(await nobody.exited, 1);
    assert.match(nobody.err, /job_nobody/);

    for (const [query, field] of [['after=1&tail=2', 'after'], ['after=1&before=2', 'after'], ['before=5&tail=1', 'tail'], ['tail=0', 'tail'], ['tail=5001', 'tail'], ['before=0', 'before']]) {
      const response = await fetch(`${server.url}/api/v1/jobs/${id}/logs?${query}`);
      assert.equal(response.status, 422, query);
      assert.equal((await response.json()).error.field, field, query);
    }
    assert.deepEqual(await server.stop(), { code: 0, signal: null });
    await rm(folder, { recursive: true });
  });
});
