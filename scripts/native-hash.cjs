// A hash of native/*.cc and *.h: the addon carries the one that it was built from, and src/native.ts compares.
const { createHash } = require('node:crypto');
const { readdirSync, readFileSync } = require('node:fs');
const { join } = require('node:path');

const folder = join(__dirname, '../native');

/** The first 16 hex digits of the SHA-256 of every source, by name. */
exports.nativeHash = () => {
  const hash = createHash('sha256');
  const sources = readdirSync(folder, { recursive: true }).filter((name) => /\.(cc|h)$/.test(name));
  for (const name of sources.sort())
    hash
      .update(name)
      .update('\0')
      .update(readFileSync(join(folder, name)));
  return hash.digest('hex').slice(0, 16);
};

if (require.main === module) process.stdout.write(exports.nativeHash());
