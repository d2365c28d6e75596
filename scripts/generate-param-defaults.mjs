// Writes frontend/src/lib/types/paramDefaults.ts from schema/openapi.json, which a test holds to the server's table; --check says whether it
// is up to date.
import { readFileSync } from 'node:fs';
import { publish } from './lib/asyncapi.mjs';

const { schemas } = JSON.parse(readFileSync(new URL('../schema/openapi.json', import.meta.url), 'utf8')).components;

// What belongs to the queue and not to the work.
const OF_THE_QUEUE = ['extraction_id', 'name', 'priority', 'queue', 'max_attempts', 'delay_seconds', 'not_before', 'time_limit_seconds', 'auto_retry', 'idempotency_key'];
const KINDS = { train_sae: 'TrainRequest', extract: 'ExtractRequest', tokenize: 'TokenizeRequest' };

const entries = Object.entries(KINDS).map(([kind, schema]) => {
  const own = Object.entries(schemas[schema].properties).filter(([name]) => !OF_THE_QUEUE.includes(name));
  const lines = own.map(([name, { default: value, description }]) => `    ${name}: { ${value === undefined ? '' : `value: ${JSON.stringify(value)}, `}meaning: ${JSON.stringify(description ?? '')} },`);
  return `  ${kind}: {\n${lines.join('\n')}\n  },`;
});

publish(
  'frontend/src/lib/types/paramDefaults.ts',
  `// Made from schema/openapi.json by \`make docs\`.
import type { JsonValue } from "./job";

export interface ParamSpec {
  /** What is taken if it isn't given; absent: there is no one value. */
  value?: JsonValue;
  meaning: string;
}

export const PARAM_SPECS: Record<string, Record<string, ParamSpec>> = {
${entries.join('\n')}
};
`,
);
