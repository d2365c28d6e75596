// Writes frontend/src/lib/types/events.ts from schema/asyncapi.json; --check says whether it is up to date.
import { channels, common, fromClient, lastPart, publish, resolve, schemas } from './lib/asyncapi.mjs';

const target = 'frontend/src/lib/types/events.ts';
const title = (name) => schemas[name].title ?? name;
const quoted = (value) => JSON.stringify(value);

// Shared schemas that become types of their own: objects with members, and lists of words.
const named = (name) => Boolean(schemas[name].enum || schemas[name].properties);
const used = new Set();

function type(given, indent) {
  if (given.$ref && named(lastPart(given.$ref))) {
    used.add(lastPart(given.$ref));
    return title(lastPart(given.$ref));
  }
  const schema = resolve(given);
  if ('const' in schema) return quoted(schema.const);
  if (schema.enum) return schema.enum.map(quoted).join(' | ');
  if (schema.oneOf) return schema.oneOf.map((it) => type(it, indent)).join(' | ');
  return [schema.type].flat().map((it) => word(it, schema, indent)).join(' | ');
}

function word(name, schema, indent) {
  if (name === 'integer') return 'number';
  if (name === 'array') {
    const item = type(schema.items, indent);
    return item.includes(' | ') && !item.startsWith('{') ? `(${item})[]` : `${item}[]`;
  }
  if (name !== 'object') return name;
  return schema.properties ? members(schema, indent) : 'JsonObject';
}

// A member's own words; those of a general type ("null: not known") would be said a hundred times.
function comment(given, indent) {
  return given.description ? [`${indent}/** ${given.description} */`] : [];
}

function members(schema, indent = '', without = []) {
  const inner = `${indent}  `;
  const lines = Object.entries(schema.properties)
    .filter(([key]) => !without.includes(key))
    .flatMap(([key, it]) => [...comment(it, inner), `${inner}${key}${schema.required?.includes(key) ? '' : '?'}: ${type(it, inner)};`]);
  return `{\n${lines.join('\n')}\n${indent}}`;
}

function declare(name) {
  const schema = schemas[name];
  if (!schema.properties) return `export type ${title(name)} = ${type({ ...schema, $ref: undefined })};`;
  const enveloped = common.every((it) => schema.properties[it]);
  return enveloped ? `export interface ${title(name)} extends Envelope ${members(schema, '', common)}` : `export interface ${title(name)} ${members(schema)}`;
}

const payload = (message) => lastPart(message.payload.$ref);
const table = (name, words, entries) => `/** ${words} */\nexport interface ${name} {\n${entries.map(([event, it]) => `  ${quoted(event)}: ${it};`).join('\n')}\n}`;
const typeName = (message) => (schemas[payload(message)].type === 'null' ? 'null' : title(payload(message)));

// Event name → payload; an event that comes on several channels has several.
function byName(messages) {
  const events = new Map();
  for (const it of messages) events.set(it.name, [...(events.get(it.name) ?? []), typeName(it)]);
  return [...events].map(([name, types]) => [name, types.join(' | ')]);
}

const all = channels.flatMap((channel) => channel.messages.map((it) => ({ ...it, address: channel.address })));
const ofChannels = all.filter((it) => it.address);
const ofSession = all.filter((it) => !it.address);
const payloads = all.filter((it) => schemas[payload(it)].type !== 'null').map((it) => declare(payload(it)));

// Declaring may use further ones.
const shared = new Map();
for (let before = -1; before !== shared.size; ) {
  before = shared.size;
  for (const name of [...used].sort()) if (!shared.has(name)) shared.set(name, declare(name));
}

publish(
  target,
  `${[
    '// Made from schema/asyncapi.json by `make docs`; not edited by hand.\n// null: not known, or the reading could not be taken. Percentages run 0 to 100, bytes are bytes, rates are per second.',
    'import type { JsonObject } from "./job";',
    `/** What every event of a channel carries beside its own members. */\nexport interface Envelope ${members({ properties: Object.fromEntries(common.map((key) => [key, key === 'channel' ? { type: 'string' } : resolve(schemas.TrainingProgress.properties[key])])), required: common })}`,
    ...[...shared].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, it]) => it),
    ...payloads,
    table('EventMap', 'Event name → payload, for every event of a channel.', byName(ofChannels)),
    'export type EventName = keyof EventMap;',
    table('SessionEventMap', 'The same for what belongs to the connection.', byName(ofSession.filter((it) => !fromClient.has(it.key)))),
    table('ClientEventMap', 'And for what the client sends.', byName(ofSession.filter((it) => fromClient.has(it.key)))),
  ].join('\n\n')}\n`,
);
