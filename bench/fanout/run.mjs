// Compares servers at bringing one event to many clients: see ../fanout.md.
//   node bench/fanout/run.mjs [--scenarios a1,c] [--peers raw,headway] [--rounds 3] [--quick] [--out results.json]
//                             [--build build] [--batch-path /api/internal/ws/emit/batch] [--minutes 40]
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { peers, runToEnd, startPeer } from './peers.mjs';
import { table } from './report.mjs';
import { figures, scenarios } from './scenarios.mjs';

const { values: options } = parseArgs({
  options: {
    scenarios: { type: 'string', default: '' },
    peers: { type: 'string', default: Object.keys(peers).join(',') },
    rounds: { type: 'string', default: '3' },
    quick: { type: 'boolean', default: false },
    build: { type: 'string', default: 'build' },
    out: { type: 'string' },
    'batch-path': { type: 'string' },
    minutes: { type: 'string', default: '40' },
    help: { type: 'boolean', default: false },
  },
});
options.build = path.resolve(options.build);
if (options.help) {
  for (const s of scenarios) console.log(`${s.key.padEnd(8)} ${s.title}`);
  for (const [name, p] of Object.entries(peers)) console.log(`${name.padEnd(8)} ${p.what}`);
  process.exit(0);
}

const RUN_SECONDS = 100; // one server, one scenario, one round
const rounds = options.quick ? 1 : Number(options.rounds);
const until = Date.now() + Number(options.minutes) * 60000;
const wanted = options.scenarios ? options.scenarios.split(',') : null;
// A scenario's name is its key or how the key begins: `b` is all of b.
const chosen = scenarios.filter((s) => !wanted || wanted.some((w) => s.key === w || s.key.startsWith(w)));
const taking = new Set(options.peers.split(','));
const descriptors = Number(/Max open files\s+\d+\s+(\d+|unlimited)/.exec(readFileSync('/proc/self/limits', 'utf8'))[1].replace('unlimited', '1e9'));

// Those peers that this machine has what they need for.
async function available(name) {
  if (name !== 'python') return true;
  return (await runToEnd(['/usr/bin/python3', '-c', 'import socketio, uvicorn, websockets'], 20)).code === 0;
}

function argumentsOf(scenario, entry) {
  const args = { ...scenario.args, ...(options.quick ? scenario.quick : {}), ...entry.args };
  const share = peers[entry.peer].share ?? 1;
  const channels = args.channels ?? 1;
  // A 10-messages-a-second run is slow because of its pace, not its peer.
  if (!args.rate) args.messages = Math.ceil((args.messages * share) / channels) * channels;
  return args;
}

async function once(scenario, entry) {
  const args = argumentsOf(scenario, entry);
  const server = await startPeer(entry.peer, options, Boolean(args.deflate));
  try {
    const list = Object.entries(args).flatMap(([name, value]) => [`--${name}`, String(value)]);
    if (entry.peer === 'headway' && options['batch-path']) list.push('--batch-path', options['batch-path']);
    const { code, out } = await runToEnd(
      [path.join(options.build, 'bench/fanout-load'), '--port', String(server.port), '--pid', String(server.pid), '--protocol', peers[entry.peer].protocol, '--limit', String(RUN_SECONDS - 10), ...list],
      RUN_SECONDS,
    );
    if (!out) throw new Error(`the load generator ended with ${code} and said nothing`);
    return { missingPath: code === 4, ...JSON.parse(out) };
  } finally {
    await server.stop();
  }
}

async function measure(scenario) {
  const entries = scenario.each.map((e) => (typeof e === 'string' ? { peer: e, label: e, args: {} } : e)).filter((e) => taking.has(e.peer));
  const results = new Map(entries.map((e) => [e.label, []]));
  const notes = [];
  const figure = figures[scenario.figure];
  for (let round = 0; round < rounds; round++) {
    for (const entry of entries) {
      if (Date.now() > until) return { results, notes: [...notes, `stopped after ${options.minutes} minutes`] };
      const result = await once(scenario, entry);
      if (result.missingPath) {
        if (round === 0) notes.push(`${entry.label} has no batch form here (404): see the single posts`);
        continue;
      }
      results.get(entry.label).push(result);
      process.stderr.write(`${scenario.key} round ${round + 1} ${entry.label}: ${figure.of(result).toFixed(2)} ${figure.unit}${result.complete ? '' : `, NOT FINISHED: ${result.why}`}\n`);
    }
  }
  return { results, notes };
}

for (const name of taking) {
  if (!peers[name]) throw new Error(`there is no peer ${name}`);
  if (await available(name)) continue;
  console.log(`${name} is left out: install python3-socketio python3-uvicorn python3-websockets\n`);
  taking.delete(name);
}
const machine = `${cpus().length} × ${cpus()[0].model}, ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${execFileSync('uname', ['-r']).toString().trim()}, Node ${process.version}`;
console.log(`${machine}; ${rounds} round${rounds > 1 ? 's' : ''}, interleaved; ${descriptors} descriptors\n`);
const everything = {};
for (const scenario of chosen) {
  const clients = (options.quick && scenario.quick.clients) || scenario.args.clients;
  if (clients + 200 > descriptors) {
    console.log(`### ${scenario.key}: left out, ${clients} clients need more than ${descriptors} descriptors\n`);
    continue;
  }
  const { results, notes } = await measure(scenario);
  everything[scenario.key] = Object.fromEntries(results);
  console.log(table(scenario, results, notes));
  // After each, so that a run that is stopped keeps what it has.
  if (options.out) writeFileSync(options.out, JSON.stringify({ machine, date: new Date().toISOString(), everything }, null, 1));
}
