// Builds the addon with node-gyp, after checking for what that needs: one sentence for each missing thing.
// Elsewhere than on x86-64 Linux there is nothing to build: the parts that need no TSC work without it.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const TOOLS = [
  { command: process.env.CXX ?? 'g++', what: 'a C++ compiler', install: 'g++' },
  { command: process.env.MAKE ?? 'make', what: 'make', install: 'make' },
  { command: process.env.npm_config_python ?? 'python3', what: 'python3', install: 'python3' },
];

/** The prefix whose include/node holds this Node's headers; without one node-gyp fetches them. */
function headersPrefix() {
  const prefixes = [process.env.npm_config_nodedir, join(dirname(process.execPath), '..'), '/usr'];
  return prefixes.find((prefix) => prefix && existsSync(join(prefix, 'include/node/node_api.h')));
}

function main() {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    console.error(
      `tscope: no TSC addon for ${process.platform}-${process.arch}; replay, stability and stop --simulate work.`,
    );
    return 0;
  }
  const missing = TOOLS.filter(({ command }) => spawnSync(command, ['--version']).error !== undefined);
  for (const { command, what, install } of missing) {
    console.error(
      `tscope: building the addon needs ${what} (${command}); on Debian: apt-get install ${install}`,
    );
  }
  if (missing.length > 0) return 1;

  const nodeGyp = join(
    dirname(createRequire(import.meta.url).resolve('node-gyp/package.json')),
    'bin/node-gyp.js',
  );
  const prefix = headersPrefix();
  const flags = ['rebuild', ...(prefix ? [`--nodedir=${prefix}`] : []), ...process.argv.slice(2)];
  const build = spawnSync(process.execPath, [nodeGyp, ...flags], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  });
  if (build.status === 0) return 0;
  console.error(`${build.stdout ?? ''}${build.stderr ?? ''}`);
  console.error('tscope: building the addon failed; the compiler says why above.');
  return 1;
}

process.exitCode = main();
