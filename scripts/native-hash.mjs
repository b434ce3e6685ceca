// Prints the hash of the addon's sources. binding.gyp compiles it in, and src/native.ts compares it
// with the sources beside it, so that a stale build is noticed.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const sources = readdirSync(join(root, 'native'), { recursive: true })
  .filter((name) => /\.(cc|h)$/.test(name))
  .sort();
const hash = createHash('sha256');
for (const name of sources)
  hash
    .update(name)
    .update('\0')
    .update(readFileSync(join(root, 'native', name)));
process.stdout.write(hash.digest('hex').slice(0, 16));
