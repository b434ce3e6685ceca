// Loaded with --require: writes which packages the process has loaded to the file that PROBE names.
const { _cache } = require('node:module');
const { writeFileSync } = require('node:fs');

process.on('exit', () => {
  const packages = Object.keys(_cache).flatMap(
    (file) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1] ?? [],
  );
  writeFileSync(process.env.PROBE, JSON.stringify([...new Set(packages)]));
});
