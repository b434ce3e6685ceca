// Test data from a run: what a kernel did, and what made it, in one small file for each kernel.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterResume } from './kernel-trace.mjs';

const MODULES = {
  fixed: "KVM's modules as shipped",
  unfixed: "KVM's modules with the clamp taken out of lapic.c",
};

/**
 * @param machine settings of the emulator.
 * @param command what was run.
 * @param files what came out of the run.
 */
export function fixtureOf({ kind, release, machine, command, jobs, files }) {
  const documents = {};
  let [stops, delays] = [[], null];
  for (const { name, args, preemptionTimer = true } of jobs) {
    const text = files.get(`${name}.json`);
    if (text === undefined) continue;
    const document = JSON.parse(text);
    if (args[0] === 'kvm') documents[name] = document;
    if (args[0] !== 'record') continue;
    const trace = files.get(`${name}.trace`) ?? '';
    delays = document.delays ?? delays;
    stops = stops.concat(
      document.stops.map((recorded) => ({
        name: `${recorded.record.loop}-${recorded.record.stop}-${recorded.record.periodNs / 1e3}us-${Math.round(-recorded.record.leftNs / 1e6)}ms`,
        preemptionTimer,
        record: recorded.record,
        kernel: trace === '' ? null : afterResume(trace, recorded),
      })),
    );
  }
  return {
    about: {
      kernel: `Debian's Linux ${release}, ${MODULES[kind]}`,
      machine,
      command,
      units:
        'stops: as GuestStop; kernel: us after the resume at which apic_timer_fn and kvm_lapic_expired_hv_timer ran, up to the last interrupt',
    },
    documents,
    stops,
    delays,
  };
}

/** Writes it. @returns bytes. */
export function writeFixture(folder, kind, fixture) {
  const packed = gzipSync(JSON.stringify(fixture), { level: 9 });
  writeFileSync(join(folder, `emulated-intel-${kind}.json.gz`), packed);
  return packed.length;
}
