// Holds documents against the code: a source file, a function() or an event that they name must be there.
import { readFileSync, readdirSync, existsSync } from 'node:fs';
import path from 'node:path';
import { api, at } from './lib/asyncapi.mjs';

const folders = ['docs/architecture', 'docs/development'];
const documents = ['ARCHITECTURE.md', ...folders.flatMap((folder) => readdirSync(at(folder)).map((it) => `${folder}/${it}`))];

function files(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((it) => (it.isDirectory() ? files(path.join(folder, it.name)) : [path.join(folder, it.name)]));
}

const sources = [...files(at('src')), ...files(at('frontend/src'))].filter((it) => /\.(c|h|ts|tsx)$/.test(it));
const text = sources.filter((it) => /\.[ch]$/.test(it)).map((it) => readFileSync(it, 'utf8')).join('\n');
const events = new Set(Object.values(api.components.messages).map((it) => it.name));

// "queue_report.c", or with as much of its path as is given.
const isFile = (name) => sources.some((it) => it.endsWith(`/${name}`)) || existsSync(at(name));
// Defined or declared: the name at a line's start after its type, or behind a table's comma.
const isFunction = (name) => new RegExp(`^[a-z][\\w *]*[ *]${name}\\(`, 'm').test(text);

function missing(document) {
  const words = readFileSync(at(document), 'utf8');
  const all = (pattern) => [...new Set([...words.matchAll(pattern)].map((it) => it[1]))];
  return [
    ...all(/([\w/.-]+\.(?:[ch]|tsx?))(?![\w])/g).filter((it) => !isFile(it)).map((it) => `there is no file ${it}`),
    ...all(/\b([a-z_]\w*)\(\)/g).filter((it) => !isFunction(it)).map((it) => `there is no function ${it}()`),
    ...all(/\b((?:training|checkpoint|model|extraction|dataset|job|log|operation|system):[a-z_]+)\b/g).filter((it) => !events.has(it)).map((it) => `there is no event ${it}`),
  ];
}

for (const document of documents) {
  for (const it of missing(document)) {
    console.error(`${document}: ${it}`);
    process.exitCode = 1;
  }
}
