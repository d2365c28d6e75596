// Rounds to medians, medians to a table.
import { figures } from './scenarios.mjs';

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

const ratio = (a, b) => (b > 0 ? (a / b).toFixed(2) : '–');
const ms = (us) => (us >= 100000 ? Math.round(us / 1000) : (us / 1000).toPrecision(3));

function summary(scenario, rounds) {
  const figure = figures[scenario.figure];
  const values = rounds.map(figure.of);
  return {
    value: median(values),
    low: Math.min(...values),
    high: Math.max(...values),
    p50: median(rounds.map((r) => r.p50_us)),
    p99: median(rounds.map((r) => r.p99_us)),
    wire: median(rounds.map((r) => (r.deliveries ? r.wire_bytes / r.deliveries : 0))),
    bad: rounds.filter((r) => !r.complete || r.lost || r.duplicated || r.corrupt),
    conflated: rounds.reduce((sum, r) => sum + r.conflated, 0),
  };
}

function remarks(s) {
  const all = s.bad.map((r) => (r.complete ? `${r.lost} lost, ${r.duplicated} twice, ${r.corrupt} wrong` : `not finished: ${r.why}`));
  if (s.conflated) all.push(`${s.conflated} states merged, and said so`);
  return [...new Set(all)].join('; ');
}

function aimLine(scenario, aim, of) {
  const s = of.get(aim.who);
  const first = [...of.values()][0];
  if (!s || s.bad.length) return null;
  const unit = figures[scenario.figure].unit;
  let got, most, words;
  if (aim.ratio) [got, most, words] = [s.value / first.value, aim.ratio, `× ${[...of.keys()][0]}`];
  else if (aim.wire) [got, most, words] = [s.wire / first.wire, aim.wire, `× the bytes of ${[...of.keys()][0]}`];
  else if (aim.above) [got, most, words] = [s.value - first.value, aim.above, `${unit} above ${[...of.keys()][0]}`];
  else [got, most, words] = [s.value, aim.figure, unit];
  if (!Number.isFinite(got)) return null;
  return `aim: ${aim.who} at most ${most} ${words}; measured ${got.toFixed(2)}${got <= most ? '' : ': MISSED'}`;
}

// `results`: label → rounds. A few lines of Markdown.
export function table(scenario, results, notes) {
  const figure = figures[scenario.figure];
  const of = new Map();
  for (const [label, rounds] of results) if (rounds.length) of.set(label, summary(scenario, rounds));
  const lines = [`### ${scenario.key}: ${scenario.title}`, ''];
  const latency = [...of.values()].some((s) => s.p99 > 0);
  const head = ['', `${figure.unit} (lowest–highest)`];
  if (!figure.absolute) head.push(`× ${[...of.keys()][0]}`);
  if (latency) head.push('p50 ms', 'p99 ms', 'bytes/delivery');
  lines.push(`| ${head.join(' | ')} | |`, `|${'---|'.repeat(head.length + 1)}`);
  const first = [...of.values()][0];
  for (const [label, s] of of) {
    const range = s.low < s.high ? ` (${s.low.toFixed(figure.digits)}–${s.high.toFixed(figure.digits)})` : '';
    const cells = [label, s.value.toFixed(figure.digits) + range];
    if (!figure.absolute) cells.push(ratio(s.value, first.value));
    if (latency) cells.push(ms(s.p50), ms(s.p99), s.wire.toFixed(0));
    lines.push(`| ${cells.join(' | ')} | ${remarks(s)} |`);
  }
  lines.push('');
  for (const aim of scenario.aims) {
    const line = aimLine(scenario, aim, of);
    if (line) lines.push(line);
  }
  for (const note of notes) lines.push(`note: ${note}`);
  return lines.join('\n') + '\n';
}
