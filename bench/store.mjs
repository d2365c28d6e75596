// Writing and claiming with each database, and the same rows by way of SQLAlchemy, in one run: store.md.
//
//     node bench/store.mjs [--rounds 1] [--build build] [--folder DIR]
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Postgres } from './lib/postgres.mjs';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '1' },
    build: { type: 'string', default: 'build' },
    folder: { type: 'string', default: tmpdir() }, // on the disk that is to be measured; PostgreSQL's is always in /tmp
  },
});
const here = path.dirname(fileURLToPath(import.meta.url));
const python = '/usr/bin/python3'; // Debian's packages are for this one
const program = path.resolve(options.build, 'bench/store');

function run(what, command, ...args) {
  console.log(`${what} (load average ${loadavg()[0].toFixed(1)})`);
  const { status, stdout, error } = spawnSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${error ?? `exit status ${status}`}`);
  const lines = stdout.split('\n').filter((it) => it.startsWith('  '));
  console.log(lines.join('\n'));
  return (start) => Number(/([\d.]+) rows\/s/.exec(lines.find((it) => it.trim().startsWith(start)))[1]);
}

if (spawnSync(python, ['-c', 'import sqlalchemy']).status !== 0) {
  console.error('store.mjs: python3-sqlalchemy is not installed, which Headway is compared with: sh scripts/setup.sh bench');
  process.exit(1);
}
for (let i = 0; i < Number(options.rounds); i++) {
  const folder = mkdtempSync(path.join(options.folder, 'headway-store-'));
  const postgres = await Postgres.start();
  try {
    const ours = run('Headway, SQLite', program, `sqlite:${path.join(folder, 'headway.db')}`);
    const peer = run('SQLAlchemy, SQLite', python, path.join(here, 'store_sqlalchemy.py'), folder);
    run('Headway, PostgreSQL', program, postgres.url);
    const times = (a, b) => (ours(a) / peer(b)).toFixed(1);
    console.log(
      `SQLite, rows/s, Headway's over SQLAlchemy's: 1,000 a commit ${times('reports of 1,000 rows, 32', 'bulk')}` +
        `, one after the other ${times('reports of 1,000 rows, one', 'bulk')}; one row a commit ${times('reports of 1 row, one', 'one commit')}`,
    );
  } finally {
    await postgres.stop();
    rmSync(folder, { recursive: true });
  }
}
