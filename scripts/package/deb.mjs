// Builds tscope_VERSION_amd64.deb: `node scripts/package/deb.mjs [FOLDER]`, after `npm run build`. The package carries the
// Node that builds it, since Debian 12's own (18) is too old; nothing is fetched when it is installed.
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const to = resolve(process.argv[2] ?? join(ROOT, 'build'));
const { version, description } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
const stage = mkdtempSync(join(tmpdir(), 'tscope-deb-'));
const LIB = join(stage, 'usr/lib/tscope');

const run = (command, args, cwd = ROOT) =>
  execFileSync(command, args, { cwd, stdio: ['ignore', 'pipe', 'inherit'] });

/** Writes a file of the package; its folder comes to be. */
function put(path, content, mode = 0o644) {
  const file = join(stage, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
  chmodSync(file, mode);
}

/** As `npm install --omit=dev` of the tarball lays it out, from the locked versions. */
function putProgram() {
  mkdirSync(LIB, { recursive: true });
  run('node', ['scripts/prebuild.mjs']);
  const [{ filename }] = JSON.parse(
    run('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', stage]),
  );
  run('tar', ['xzf', join(stage, filename), '--strip-components=1', '-C', LIB]);
  rmSync(join(stage, filename));
  copyFileSync(join(ROOT, 'package-lock.json'), join(LIB, 'package-lock.json'));
  run('npm', ['ci', '--omit=dev', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], LIB);
  rmSync(join(LIB, 'package-lock.json'));
  copyFileSync(process.execPath, join(LIB, 'node'));
  chmodSync(join(LIB, 'node'), 0o755);
  put(
    'usr/bin/tscope',
    '#!/bin/sh\nexec /usr/lib/tscope/node /usr/lib/tscope/dist/cli/main.js "$@"\n',
    0o755,
  );
}

function putManual() {
  for (const name of readdirSync(join(ROOT, 'man'))) {
    put(`usr/share/man/man1/${name}.gz`, gzipSync(readFileSync(join(ROOT, 'man', name)), { level: 9 }));
  }
  const completion = (shell) => run('node', ['dist/cli/main.js', 'completion', shell]);
  put('usr/share/bash-completion/completions/tscope', completion('bash'));
  put('usr/share/zsh/vendor-completions/_tscope', completion('zsh'));
  put('usr/share/fish/vendor_completions.d/tscope.fish', completion('fish'));
  put('usr/share/doc/tscope/copyright', readFileSync(join(ROOT, 'LICENSE')));
  put('usr/share/doc/tscope/changelog.gz', gzipSync(readFileSync(join(ROOT, 'CHANGELOG.md')), { level: 9 }));
  cpSync(join(ROOT, 'scripts/prometheus'), join(stage, 'usr/share/doc/tscope/prometheus'), {
    recursive: true,
  });
}

/** Services of the package, each with a user that owns what it stores over reboots. */
const SERVICES = [
  { name: 'tscope-agent', user: 'tscope', home: '/var/lib/tscope' },
  { name: 'tscope-collector', user: 'tscope-collector', home: '/var/lib/tscope-collector' },
];

function putServices() {
  for (const { name, user } of SERVICES) {
    const unit = readFileSync(join(ROOT, `scripts/systemd/${name}.service`), 'utf8');
    // The comments on how to copy it are not for who has a package.
    const own = unit.replace(/^# Install:.*\n/, '').replaceAll('/usr/bin/env tscope', '/usr/bin/tscope');
    put(`usr/lib/systemd/system/${name}.service`, own);
    put(`usr/lib/systemd/system/${name}.service.d/user.conf`, `[Service]\nUser=${user}\n`);
  }
  const users = SERVICES.map(({ name, user, home }) => `u ${user} - "${name}" ${home}\n`);
  put('usr/lib/sysusers.d/tscope.conf', users.join(''));
}

const UNITS = SERVICES.map(({ name }) => name).join(' ');
const STORES = SERVICES.map(({ home }) => `${home} ${home.replace('/lib/', '/lib/private/')}`).join(' ');

const SCRIPTS = {
  postinst: `#!/bin/sh
set -e
if [ "$1" = configure ]; then
  if command -v systemd-sysusers >/dev/null; then systemd-sysusers tscope.conf; fi
  if [ -d /run/systemd/system ]; then systemctl daemon-reload; fi
fi
`,
  prerm: `#!/bin/sh
set -e
if [ "$1" = remove ] && [ -d /run/systemd/system ]; then systemctl disable --now ${UNITS} || true; fi
`,
  postrm: `#!/bin/sh
set -e
if [ -d /run/systemd/system ]; then systemctl daemon-reload; fi
if [ "$1" = purge ]; then rm -rf ${STORES}; fi
`,
};

function putControl() {
  const kilobytes = Number(run('du', ['-sk', stage]).toString().split('\t')[0]);
  const control = `Package: tscope
Version: ${version}
Architecture: amd64
Maintainer: tscope maintainers <maintainers@tscope.invalid>
Section: utils
Priority: optional
Depends: libc6 (>= 2.31), libstdc++6, libgcc-s1
Recommends: systemd
Installed-Size: ${kilobytes}
Homepage: https://github.com/tscope/tscope
Description: ${description.split(':')[0]}
 How fast the TSC of a real x86 host runs, how its clocks drift, and what its
 KVM does when a guest comes back from a long pause. The agent samples for
 months: systemctl enable --now tscope-agent. A collector of what many agents
 send: systemctl enable --now tscope-collector.
`;
  put('DEBIAN/control', control);
  for (const [name, script] of Object.entries(SCRIPTS)) put(`DEBIAN/${name}`, script, 0o755);
}

try {
  putProgram();
  putManual();
  putServices();
  putControl();
  chmodSync(stage, 0o755);
  mkdirSync(to, { recursive: true });
  const file = join(to, `tscope_${version}_amd64.deb`);
  run('dpkg-deb', ['--root-owner-group', '-Zxz', '-z1', '--build', stage, file]);
  console.log(`${file} ${(statSync(file).size / 1e6).toFixed(1)} MB`);
} finally {
  rmSync(stage, { recursive: true, force: true });
}
