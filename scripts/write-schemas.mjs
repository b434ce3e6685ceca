// Writes schema/KIND.json, a JSON Schema for each kind of document, from the zod schemas in src/schema.
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { documents } from '../dist/schema/index.js';

/**
 * Within version 1 of a kind nothing that is there changes its meaning, goes or gets another type; what is new may be added. What
 * would break a reader makes version 2: another `schema` in the documents, another file here.
 */
const BASE = 'https://github.com/tscope/tscope/blob/main/schema/';

const folder = fileURLToPath(new URL('../schema/', import.meta.url));
mkdirSync(folder, { recursive: true });
for (const [kind, document] of Object.entries(documents)) {
  const schema = z.toJSONSchema(document, { target: 'draft-2020-12' });
  writeFileSync(
    `${folder}${kind}.json`,
    `${JSON.stringify({ $id: `${BASE}${kind}.json`, title: `tscope ${kind}`, ...schema }, null, 2)}\n`,
  );
}
