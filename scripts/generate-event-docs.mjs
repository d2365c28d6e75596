// Writes docs/api/websocket-events.md from schema/asyncapi.json; --check says whether it is up to date.
import { api, channels, common, publish, resolve } from './lib/asyncapi.mjs';

// In a few words: "integer ≥ 0 | null", "0 to 100".
function type(given) {
  if (given.$ref?.endsWith('/Time')) return 'time';
  if (given.$ref?.endsWith('/TimeOrNull')) return 'time or null';
  const schema = resolve(given);
  if ('const' in schema) return `\`${JSON.stringify(schema.const)}\``;
  if (schema.enum) return schema.enum.map((it) => `\`${it}\``).join(' ');
  if (schema.oneOf) return schema.oneOf.map(type).join(' or ');
  const types = [schema.type].flat();
  const words = types.filter((it) => it !== 'null').map((it) => word(it, schema));
  return [...words, ...(types.includes('null') ? ['null'] : [])].join(' or ');
}

function word(name, schema) {
  if (name === 'array') return `list of ${type(schema.items)}`;
  if (name === 'object' && schema.properties && schema.additionalProperties === false)
    return `{${Object.entries(schema.properties).map(([key, it]) => `${key}${schema.required.includes(key) ? '' : '?'}: ${type(it)}`).join(', ')}}`;
  if (schema.maximum !== undefined) return `${schema.minimum} to ${schema.maximum}`;
  if (schema.minimum !== undefined) return `${name} ≥ ${schema.minimum}`;
  return name;
}

function fields(schema, without) {
  const rows = Object.entries(schema.properties ?? {}).filter(([key]) => !without.includes(key));
  if (rows.length === 0) return 'No argument.';
  const shown = rows.map(([key, it]) => `| \`${key}\`${schema.required.includes(key) ? '' : ' (optional)'} | ${type(it)} | ${said(it)} |`);
  return ['| field | type | |', '|---|---|---|', ...shown].join('\n');
}

// A field's own words; a general type's ("null: not known") stand at the top of the page.
const said = (schema) => schema.description ?? '';

// As JSON, as many members on a line as fit.
function pretty(value, indent = '') {
  const line = JSON.stringify(value);
  if (line.length + indent.length < 120 || value === null || typeof value !== 'object') return line;
  const inner = `${indent}  `;
  const parts = Array.isArray(value) ? value.map((it) => pretty(it, inner)) : Object.entries(value).map(([key, it]) => `${JSON.stringify(key)}: ${pretty(it, inner)}`);
  const lines = [];
  for (const [i, part] of parts.entries()) {
    const text = i < parts.length - 1 ? `${part},` : part;
    const last = lines.at(-1);
    if (last && !/\n/.test(last + text) && `${inner}${last} ${text}`.length < 120) lines[lines.length - 1] = `${last} ${text}`;
    else lines.push(text);
  }
  const [open, close] = Array.isArray(value) ? '[]' : '{}';
  return `${open}\n${lines.map((it) => inner + it).join('\n')}\n${indent}${close}`;
}

// What is as in an earlier message of the channel isn't said again.
function structure(schema, earlier, without) {
  const names = Object.keys(schema.properties ?? {});
  const missing = (it) => Object.keys(it.schema.properties ?? {}).filter((key) => !names.includes(key));
  const like = earlier.findLast((it) => names.length - common.length > 8 && missing(it).length < 2 && Object.keys(it.schema.properties ?? {}).length > 8);
  if (!like) return fields(schema, without);
  const same = names.filter((key) => JSON.stringify(schema.properties[key]) === JSON.stringify(like.schema.properties[key]));
  const left = missing(like).map((key) => `\`${key}\``);
  const words = `The fields of \`${like.name}\`${left.length ? ` without ${left.join(', ')}` : ''}`;
  return same.length === names.length ? `${words}.` : `${words}, and:\n\n${fields(schema, same)}`;
}

function message(it, i, all) {
  const earlier = all.slice(0, i).map((other) => ({ name: other.name, schema: resolve(other.payload) }));
  const example = it.examples?.[0].payload;
  return [
    `### \`${it.name}\`${it['x-state'] ? ' S' : ''}`,
    it.summary,
    structure(resolve(it.payload), earlier, it.payload.$ref.includes('/Session') ? [] : common),
    ...(example ? [`\`\`\`json\n${pretty(example)}\n\`\`\``] : []),
  ].join('\n\n');
}

const channel = (it) => [`## ${it.address ? `\`${it.address}\`` : 'The connection'}`, it.description, ...it.messages.map(message)].join('\n\n');

const rows = channels
  .filter((it) => it.address)
  .map((it) => `| \`${it.address}\` | ${it.messages.map((m) => `\`${m.name}\`${m['x-state'] ? ' S' : ''}`).join(', ')} |`);

const connectionFirst = [...channels.filter((it) => !it.address), ...channels.filter((it) => it.address)];

publish(
  'docs/api/websocket-events.md',
  `${[
    '# Events',
    '<!-- Made from schema/asyncapi.json by `make docs`. -->',
    api.info.description,
    ['| channel | events |', '|---|---|', ...rows].join('\n'),
    ...connectionFirst.map(channel),
  ].join('\n\n')}\n`,
);
