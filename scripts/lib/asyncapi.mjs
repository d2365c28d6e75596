// What the generators share: the schema, its references, and writing or checking what was made of it.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const at = (name) => fileURLToPath(new URL(`../../${name}`, import.meta.url));
export const api = JSON.parse(readFileSync(at('schema/asyncapi.json'), 'utf8'));
export const schemas = api.components.schemas;
export const common = ['channel', 'epoch', 'seq', 'ts'];

export const lastPart = (ref) => ref.split('/').at(-1);
// With what stands beside a reference put over what it refers to.
export const resolve = (schema) => (schema.$ref ? { ...schemas[lastPart(schema.$ref)], ...schema } : schema);

// Channels with their messages in the schema's order; the connection's own (no address) among them.
export const channels = Object.entries(api.channels).map(([key, it]) => ({
  key,
  ...it,
  messages: Object.keys(it.messages).map((message) => ({ key: message, ...api.components.messages[message] })),
}));
export const fromClient = new Set(api.operations.receiveFromClient.messages.map((it) => lastPart(it.$ref)));

// Writes the page, or with --check says whether the file is what would be written.
export function publish(target, page) {
  if (!process.argv.includes('--check')) {
    writeFileSync(at(target), page);
    return;
  }
  let present = '';
  try {
    present = readFileSync(at(target), 'utf8');
  } catch {
    // missing is stale, too
  }
  if (present === page) return;
  console.error(`${target} is not what the schemas say: run \`make docs\``);
  process.exitCode = 1;
}
