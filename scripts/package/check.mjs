// Installs the packages where nothing is: `node scripts/package/check.mjs deb|container ROOT [FILE]`, as root, where ROOT is a
// bare Debian 12 (`debootstrap --variant=minbase bookworm ROOT`). It is not changed: an overlay takes the writes.
//
// deb: installs the package, runs the command, looks at what came, and removes it again.
// container: replays the Containerfile's last stage, since there may be no container engine; Node comes from this host.
import { execFileSync, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const [what, base, file] = process.argv.slice(2);
if (
  !['deb', 'container'].includes(what) ||
  base === undefined ||
  file === undefined ||
  process.getuid() !== 0
) {
  console.error(
    'usage, as root: node scripts/package/check.mjs deb|container ROOT FILE (a .deb, or a tarball of npm pack)',
  );
  process.exit(2);
}

const scratch = mkdtempSync(join(tmpdir(), 'tscope-root-'));
const root = join(scratch, 'root');
const mounted = [];
const mount = (...args) => {
  execFileSync('mount', args);
  mounted.unshift(args.at(-1));
};

/** Where this host's npm gets packages from: inside there is no configuration. */
const registry = execFileSync('npm', ['config', 'get', 'registry'], { encoding: 'utf8' }).trim();

/** Of a network that has a certificate authority of its own. */
const authority = process.env.NODE_EXTRA_CA_CERTS;

/** Runs a command inside; what it prints is returned. */
function inside(command, { fails = false } = {}) {
  const env = {
    PATH: '/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    HOME: '/root',
    DEBIAN_FRONTEND: 'noninteractive',
    npm_config_registry: registry,
    ...(authority === undefined ? {} : { NODE_EXTRA_CA_CERTS: '/etc/extra-ca.pem' }),
  };
  const { status, stdout, stderr } = spawnSync('chroot', [root, 'sh', '-c', command], {
    env,
    encoding: 'utf8',
  });
  console.log(`$ ${command}: ${status}`);
  if ((status === 0) === fails) throw new Error(`${command}: ${status}\n${stdout}${stderr}`);
  return stdout;
}

function expectThat(holds, text) {
  if (!holds) throw new Error(`not so: ${text}`);
  console.log(`  ${text}`);
}

function checkCommand() {
  expectThat(/^\d+\.\d+\.\d+$/m.test(inside('tscope --version')), 'it has a version');
  const host = JSON.parse(inside('tscope host --json'));
  expectThat(
    host.result.tsc.readable.value === true,
    '`tscope host` reads the TSC with the addon that came with it',
  );
}

function checkDeb() {
  copyFileSync(file, join(root, 'tmp', basename(file)));
  inside('! command -v node');
  inside(`apt-get install -y --no-install-recommends /tmp/${basename(file)}`);
  checkCommand();
  for (const path of [
    'usr/lib/systemd/system/tscope-agent.service',
    'usr/lib/systemd/system/tscope-collector.service',
    'usr/lib/sysusers.d/tscope.conf',
    'usr/share/bash-completion/completions/tscope',
    'usr/share/zsh/vendor-completions/_tscope',
    'usr/share/fish/vendor_completions.d/tscope.fish',
  ]) {
    expectThat(existsSync(join(root, path)), path);
  }
  inside(
    'sh -n /usr/share/bash-completion/completions/tscope || bash -n /usr/share/bash-completion/completions/tscope',
  );
  inside('tscope agent --check');
  inside('dpkg --verify tscope');
  inside('apt-get purge -y tscope');
  expectThat(!existsSync(join(root, 'usr/lib/tscope')), 'nothing is left after it is purged');
}

/** The instructions of the last stage, a continued line as one. */
function lastStage(text) {
  const lines = text
    .replace(/^\s*#.*\n/gm, '')
    .replace(/\\\n\s*/g, ' ')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  return lines.slice(lines.findLastIndex((line) => line.startsWith('FROM ')) + 1);
}

function checkContainer() {
  // What the base image node:22-bookworm-slim has: Node and npm.
  mkdirSync(join(root, 'usr/local/bin'), { recursive: true });
  copyFileSync(process.execPath, join(root, 'usr/local/bin/node'));
  const npm = dirname(dirname(realpathSync(execFileSync('which', ['npm'], { encoding: 'utf8' }).trim())));
  cpSync(npm, join(root, 'usr/local/lib/node_modules/npm'), { recursive: true });
  inside('ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm');
  inside('apt-get install -y --no-install-recommends libstdc++6 ca-certificates');
  for (const line of lastStage(readFileSync(join(HERE, 'Containerfile'), 'utf8'))) {
    const [word, ...rest] = line.split(/\s+/);
    const words = rest.join(' ');
    console.log(line);
    if (word === 'COPY') copyFileSync(file, join(root, rest.at(-1)));
    else if (word === 'RUN') inside(words);
    else if (word === 'ENTRYPOINT') expectThat(JSON.parse(words)[0] === 'tscope', 'it runs tscope');
  }
  checkCommand();
  inside(
    'TSCOPE_DB=/var/lib/tscope/tscope.db setpriv --reuid=10001 --regid=10001 --clear-groups tscope agent --check',
  );
}

try {
  for (const name of ['root', 'upper', 'work']) mkdirSync(join(scratch, name));
  const layers = `lowerdir=${base},upperdir=${join(scratch, 'upper')},workdir=${join(scratch, 'work')}`;
  const overlaid = spawnSync('mount', ['-t', 'overlay', 'overlay', '-o', layers, root]);
  if (overlaid.status === 0) mounted.unshift(root);
  else cpSync(base, root, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
  mount('-t', 'proc', 'proc', join(root, 'proc'));
  mount('-t', 'sysfs', '-o', 'ro', 'sysfs', join(root, 'sys'));
  copyFileSync('/etc/resolv.conf', join(root, 'etc/resolv.conf'));
  if (authority !== undefined) copyFileSync(authority, join(root, 'etc/extra-ca.pem'));
  inside('apt-get update');
  if (what === 'deb') checkDeb();
  else checkContainer();
  console.log(`${what}: as it should be`);
} finally {
  for (const place of mounted) spawnSync('umount', [place]);
  rmSync(scratch, { recursive: true, force: true });
}
