// Makes one file of what `tscope/clock` loads, since a module costs about half a millisecond to find, read and link:
// dist/clock.js. The errors stay those of the other entry points, so that `instanceof` holds everywhere.
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';

const dist = fileURLToPath(new URL('../dist/', import.meta.url));
buildSync({
  entryPoints: [`${dist}exports/clock.js`],
  outfile: `${dist}clock.js`,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  external: [`${dist}errors.js`],
  logLevel: 'error',
});
