// KVM's modules from Debian's source, as they are and with the clamp taken out.
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { builtFolder } from './built-folder.mjs';

/** Statement by which a fixed kernel sets a target in the past to now. */
const CLAMP =
  /\tif \(ktime_before\(apic->lapic_timer\.target_expiration, now\)\)\n\t\tapic->lapic_timer\.target_expiration = now;\n/;
/** How the callback of a fixed kernel restarts its hrtimer: at the target, which may have been moved. */
const RESTART = /hrtimer_set_expires\(&ktimer->timer, ktimer->target_expiration\);/;

function replaceOnce(text, pattern, replacement, what) {
  const found = text.match(new RegExp(pattern, 'g'))?.length ?? 0;
  if (found !== 1) {
    throw new Error(
      `lapic.c does not look as expected: ${what} stands there ${found} times instead of once; nothing was built`,
    );
  }
  return text.replace(pattern, replacement);
}

/**
 * `lapic.c` of a fixed kernel as it was before the fix.
 *
 * @throws Error where the source no longer looks as expected.
 */
export function withoutClamp(lapic) {
  const unclamped = replaceOnce(lapic, CLAMP, '', 'the statement that sets a past target to now');
  const restart = 'hrtimer_add_expires_ns(&ktimer->timer, ktimer->period);';
  return replaceOnce(unclamped, RESTART, restart, 'the restart of the hrtimer at its target');
}

/** The parts of the kernel's source that KVM is built from. The package of a series goes from release to release. */
const unpackSource = (series, release, folder) =>
  builtFolder(join(folder, `source-${release}`), (target) => {
    const parts = ['arch/x86/kvm', 'virt/kvm', 'virt/lib'].map((part) => `linux-source-${series}/${part}`);
    const archive = `/usr/src/linux-source-${series}.tar.xz`;
    execFileSync('tar', ['-xJf', archive, '--strip-components=1', '-C', target, ...parts]);
  });

/**
 * Builds kvm.ko and kvm-intel.ko against the headers.
 *
 * @param kind "fixed", as shipped, or "unfixed", with the clamp taken out.
 * @returns the paths of the two modules.
 */
export function buildModules({ series, release, folder, kind }) {
  const built = builtFolder(join(folder, `modules-${release}-${kind}`), (tree) => {
    const source = unpackSource(series, release, folder);
    for (const part of ['arch', 'virt']) cpSync(join(source, part), join(tree, part), { recursive: true });
    // trace.h asks to be included by a path relative to include/trace.
    mkdirSync(join(tree, 'include/trace'), { recursive: true });
    const kvm = join(tree, 'arch/x86/kvm');
    const makefile = readFileSync(join(kvm, 'Makefile'), 'utf8').replaceAll('$(srctree)', tree);
    writeFileSync(join(kvm, 'Makefile'), `ccflags-y += -I${tree}/include/trace\n${makefile}`);
    const lapic = join(kvm, 'lapic.c');
    // The edit is tried on the fixed tree too: a source without the fix must not pass for one with it.
    const edited = withoutClamp(readFileSync(lapic, 'utf8'));
    if (kind === 'unfixed') writeFileSync(lapic, edited);
    const make = spawnSync(
      'make',
      [
        ...['-j2', '-C', `/usr/src/linux-headers-${release}`, `M=${kvm}`],
        ...['CONFIG_KVM_AMD=n', 'CONFIG_KVM_WERROR=n', 'modules'],
      ],
      { encoding: 'utf8', maxBuffer: 1 << 26 },
    );
    if (make.status !== 0)
      throw new Error(`the ${kind} modules could not be built:\n${make.stderr.slice(-2000)}`);
  });
  return ['kvm.ko', 'kvm-intel.ko'].map((name) => join(built, 'arch/x86/kvm', name));
}
