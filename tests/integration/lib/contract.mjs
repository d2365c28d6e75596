// The schemas as judges of what a server sends.
import Ajv2020 from 'ajv/dist/2020.js';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { root } from './headway.mjs';

export async function readSchema(name) {
  return JSON.parse(await readFile(path.join(root, 'schema', name), 'utf8'));
}

const here = '#/components/schemas/';

// Validates by the document's own references, such as "#/components/schemas/Job".
class Judge {
  constructor(document) {
    this.document = document;
    this.ajv = new Ajv2020({ allErrors: true, allowUnionTypes: true, strictRequired: true });
    // The document around the schemas is none itself, and would be refused as one.
    const $defs = JSON.parse(JSON.stringify(document.components.schemas).replaceAll(here, '#/$defs/'));
    this.ajv.addSchema({ $defs }, 'schemas');
  }

  // null, or what is wrong.
  complaint(reference, value) {
    const validate = this.ajv.getSchema(reference.replace(here, 'schemas#/$defs/'));
    if (!validate) return `there is no ${reference}`;
    if (validate(value)) return null;
    return this.ajv.errorsText(validate.errors.map((it) => ({ ...it, message: `${it.message} ${it.params.additionalProperty ?? ''}`.trimEnd() })));
  }
}

// AsyncAPI: which event on which channel, and what its payload is.
export class Contract extends Judge {
  constructor(document) {
    super(document);
    this.messages = Object.values(document.channels).flatMap((channel) =>
      Object.keys(channel.messages).map((key) => ({
        key,
        address: channel.address,
        pattern: channel.address && new RegExp(`^${channel.address.replaceAll(/\{\w+\}/g, '[^/]+')}$`),
        ...document.components.messages[key],
      })),
    );
    this.byClient = new Set(document.operations.receiveFromClient.messages.map((it) => it.$ref.split('/').at(-1)));
    this.seen = new Set();
  }

  // What the event breaks, as a list of sentences. A batch is its events as well.
  wrong(name, data, message) {
    message ??= this.messages.find((it) => it.name === name && !this.byClient.has(it.key) && (it.pattern ? it.pattern.test(data?.channel) : true));
    if (!message) return [`no such event: ${name} on ${data?.channel}`];
    this.seen.add(message.key);
    const complaint = this.complaint(message.payload.$ref, data ?? null);
    const inside = name === 'batch' ? (data?.events ?? []).flatMap((it) => this.wrong(it.event, it.data)) : [];
    return complaint ? [`${name}: ${complaint}`, ...inside] : inside;
  }

  // What the server may send and hasn't: "<channel> <event>".
  unseen() {
    return this.messages.filter((it) => !this.seen.has(it.key) && !this.byClient.has(it.key)).map((it) => `${it.address ?? 'session'} ${it.name}`);
  }
}

// OpenAPI: which call, and what its answer is.
export class Rest extends Judge {
  constructor(document) {
    super(document);
    this.wrong = [];
    this.made = new Set();
    this.paths = Object.entries(document.paths).map(([template, item]) => ({ template, item, pattern: new RegExp(`^${template.replaceAll(/\{\w+\}/g, '[^/]+')}$`) }));
  }

  // One call: `body` as sent, `r` as answered. What is wrong is kept.
  check(method, pathname, body, r) {
    const bare = pathname.split('?')[0];
    const path = this.paths.find((it) => it.pattern.test(bare));
    const call = `${method} ${path?.template ?? bare} ${r.status}`;
    const operation = path?.item[method.toLowerCase()];
    const note = (complaint) => complaint && this.wrong.push(`${call}: ${complaint}`);
    const type = r.headers.get('content-type')?.split(';')[0];
    const request = operation?.requestBody?.content['application/json']?.schema.$ref;
    const declared = operation?.responses[r.status];
    if (declared && !declared.content && r.text === '') {
      this.made.add(`${method} ${path.template}`);
      return request && note(this.complaint(request, body));
    }
    if (type !== 'application/json' && operation?.responses[r.status]?.content[type]) return this.made.add(`${method} ${path.template}`);
    if (type !== 'application/json') return note('not JSON');
    const answer = operation?.responses[r.status]?.content['application/json'].schema.$ref;
    if (!answer) {
      if (r.status < 400) note('is not declared');
      return note(this.complaint('#/components/schemas/Error', r.json));
    }
    this.made.add(`${method} ${path.template}`);
    note(this.complaint(answer, r.json));
    if (request) note(this.complaint(request, body));
  }

  calls() {
    return this.paths.flatMap(({ template, item }) => Object.keys(item).filter((it) => it !== 'parameters').map((it) => `${it.toUpperCase()} ${template}`));
  }

  // Declared, and never answered with success.
  uncalled() {
    return this.calls().filter((it) => !this.made.has(it));
  }
}
