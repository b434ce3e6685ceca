// What the emulated host is made of: Debian packages only.
import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { builtFolder } from './built-folder.mjs';

/** Installed: programs, firmware, KVM's source and what builds its modules. */
const PACKAGES = [
  ...['bochs', 'bochsbios', 'vgabios', 'isolinux', 'syslinux-common', 'xorriso', 'cpio', 'busybox-static'],
  ...['make', 'gcc', 'binutils', 'flex', 'bison', 'libelf-dev', 'xz-utils'],
];

function output(command, ...args) {
  try {
    return execFileSync(command, args, { encoding: 'utf8' });
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
    throw new Error(`${command} is not here: this needs a Debian system, whose packages it is made of`);
  }
}

/** Version of a package as it is installed; null where it is not. */
function installed(name) {
  const format = '$' + '{Status} $' + '{Version}\n';
  const { stdout } = spawnSync('dpkg-query', ['-W', '-f', format, name], { encoding: 'utf8' });
  return /^install ok installed (\S+)/m.exec(stdout)?.[1] ?? null;
}

/** The newest kernel of this series of which image and headers can be had, e.g. "6.1.0-56-cloud-amd64". */
export function newestRelease(series) {
  const names = output('apt-cache', 'search', '--names-only', `^linux-headers-${series}\\..*cloud-amd64$`);
  const releases = [...names.matchAll(/^linux-headers-(\S+) /gm)].map(([, release]) => release);
  releases.sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  const newest = releases.at(-1);
  if (newest === undefined) {
    throw new Error(
      `apt knows no linux-headers-${series}.*-cloud-amd64: run apt-get update, or choose another --kernel`,
    );
  }
  return newest;
}

/** Version of a package that apt would install. */
const candidate = (name) => /Candidate: (\S+)/.exec(output('apt-cache', 'policy', name))?.[1] ?? null;

/**
 * Makes sure that everything is there.
 *
 * @throws Error naming the packages that are missing or of another version, where this user may not install them.
 */
export function requirePackages(release, series) {
  const headers = `linux-headers-${release}`;
  const source = `linux-source-${series}`;
  const version = candidate(headers);
  if (candidate(source) !== version) {
    throw new Error(
      `${source} is ${candidate(source) ?? 'not known to apt'} and ${headers} is ${version}: source and headers must be of one version`,
    );
  }
  const missing = [
    ...PACKAGES.filter((name) => installed(name) === null),
    // One that is there from an older kernel of the series would be built against the headers of the new one.
    ...[headers, source].filter((name) => installed(name) !== version),
  ];
  if (missing.length === 0) return;
  const command = ['apt-get', 'install', '--yes', '--no-install-recommends', ...missing];
  if (process.getuid() !== 0)
    throw new Error(`packages are missing or of another version; as root: ${command.join(' ')}`);
  console.log(`installing ${missing.join(' ')}`);
  const { status } = spawnSync(command[0], command.slice(1), {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (status !== 0) throw new Error(`${command.join(' ')} failed`);
}

/** Unpacks the kernel's image, which is never installed. @returns the folder it lies in. */
export const unpackKernel = (release, folder) =>
  builtFolder(`${folder}/kernel-${release}`, (target) => {
    const options = { cwd: target, stdio: ['ignore', 'ignore', 'pipe'] };
    execFileSync('apt-get', ['download', `linux-image-${release}`], options);
    const archive = readdirSync(target).find((name) => name.endsWith('.deb'));
    execFileSync('dpkg', ['-x', archive, '.'], options);
  });
