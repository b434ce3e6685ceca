// The boot medium: Debian's kernel, and a file system in memory with node, tscope, busybox and KVM's modules.
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

const here = import.meta.dirname;
const root = join(here, '../..');
const run = (command, args, options = {}) =>
  execFileSync(command, args, { stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 1 << 26, ...options });

/** Copies a program with the libraries that it is linked against. */
function copyProgram(path, to, tree) {
  cpSync(path, join(tree, to), { dereference: true });
  for (const [, library] of run('ldd', [path])
    .toString()
    .matchAll(/(\/\S+) \(0x/g)) {
    mkdirSync(join(tree, dirname(library)), { recursive: true });
    cpSync(library, join(tree, library), { dereference: true });
  }
}

/** The module that KVM's need, from the kernel's own package: Debian's newer ones lie elsewhere, and compressed. */
function irqBypass(kernel, release) {
  const places = ['lib', 'usr/lib'].map((lib) =>
    join(kernel, lib, 'modules', release, 'kernel/virt/lib/irqbypass.ko'),
  );
  const path = places.find((place) => existsSync(place) || existsSync(`${place}.xz`));
  if (path === undefined)
    throw new Error(`linux-image-${release} has no irqbypass.ko at ${places.join(' or ')}`);
  if (!existsSync(path)) run('unxz', ['--keep', `${path}.xz`]);
  return path;
}

/** What the commands start: threads and processes of their own, each a module beside the one that names it. */
const MODULES = [
  ...['cli/main', 'tasks/worker', 'kvm/sigstop-child', 'host/names-thread', 'tasks/stop/isolate-process'],
].map((name) => `dist/${name}.js`);

/** One file for each module, with all that it imports: the emulated CPU need not look for 180 files at each start. */
function bundle(tree) {
  run(
    'node_modules/.bin/esbuild',
    [
      ...[...MODULES, 'scripts/emulated-intel/record.mjs'],
      ...['--bundle', '--platform=node', '--format=esm', '--target=node20', '--minify-whitespace'],
      // The packages with binaries of their own are for the store, which nothing in there opens.
      ...['--external:libsql', `--outdir=${tree}/tscope/dist`, '--entry-names=[name]', '--log-level=warning'],
      "--banner:js=import{createRequire as from}from'node:module';const require=from(import.meta.url);",
    ],
    { cwd: root },
  );
}

/**
 * Packs an ISO that boots into `init.sh`.
 *
 * @param kernel folder of the unpacked kernel package.
 * @param modules kvm.ko and kvm-intel.ko.
 * @param jobs lines of the shell.
 * @param cpus CPUs of the host.
 * @returns the medium's size in bytes.
 */
export function packImage({ iso, kernel, release, modules, jobs, cpus }) {
  const work = `${iso}.d`;
  const tree = join(work, 'tree');
  rmSync(work, { recursive: true, force: true });
  for (const folder of ['bin', 'proc', 'sys', 'dev', 'tmp', 'etc', 'modules', 'tscope/build/Release']) {
    mkdirSync(join(tree, folder), { recursive: true });
  }
  cpSync('/bin/busybox', join(tree, 'bin/busybox'), { dereference: true });
  copyProgram(process.execPath, 'bin/node', tree);
  // The medium is read byte by byte.
  run('strip', [join(tree, 'bin/node')]);
  cpSync(join(here, 'init.sh'), join(tree, 'init'));
  chmodSync(join(tree, 'init'), 0o755);
  writeFileSync(join(tree, 'jobs.sh'), jobs);
  for (const path of [irqBypass(kernel, release), ...modules]) {
    run('strip', ['--strip-debug', '-o', join(tree, 'modules', path.split('/').at(-1)), path]);
  }
  bundle(tree);
  cpSync(join(root, 'package.json'), join(tree, 'tscope/package.json'));
  for (const name of ['tscope.node', 'tscope_kvm.node']) {
    cpSync(join(root, 'build/Release', name), join(tree, 'tscope/build/Release', name));
  }
  symlinkSync('/bin/busybox', join(tree, 'bin/sh'));

  const boot = join(work, 'boot');
  mkdirSync(boot);
  const archive = join(boot, 'initrd');
  execFileSync('sh', ['-c', `find . | cpio --quiet -o -H newc >'${archive}'`], { cwd: tree });
  cpSync(join(kernel, 'boot', `vmlinuz-${release}`), join(boot, 'linux'));
  cpSync('/usr/lib/ISOLINUX/isolinux.bin', join(boot, 'isolinux.bin'));
  cpSync('/usr/lib/syslinux/modules/bios/ldlinux.c32', join(boot, 'ldlinux.c32'));
  // Bochs loses the wake-ups of MWAIT; messages of the kernel would fall into what the jobs print.
  const line = `console=ttyS0,115200 quiet loglevel=1 mitigations=off panic=5${cpus > 1 ? ' idle=nomwait' : ''}`;
  writeFileSync(
    join(boot, 'isolinux.cfg'),
    `default linux\nlabel linux\nkernel linux\ninitrd initrd\nappend ${line}\n`,
  );
  run('xorriso', [
    ...['-as', 'mkisofs', '-quiet', '-o', iso, '-b', 'isolinux.bin', '-c', 'boot.cat'],
    ...['-no-emul-boot', '-boot-load-size', '4', '-boot-info-table', boot],
  ]);
  rmSync(work, { recursive: true, force: true });
  return statSync(iso).size;
}
