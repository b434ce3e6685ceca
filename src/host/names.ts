import { cpu, osInfo, system } from 'systeminformation';
import type { CpuFacts } from './cpu.ts';
import { type Fact, known, reasonOf, unknown } from './fact.ts';
import type { VirtualizationFacts } from './virtualization.ts';

/** One name as systeminformation reports it, beside the fact that was read directly. */
export interface NameComparison {
  readonly name: string;
  readonly systeminformation: Fact<string>;
  readonly direct: string | null;
  /** Null where one of the two is missing. */
  readonly same: boolean | null;
}

/** The longest that systeminformation's child processes may take, together. */
const PATIENCE_MS = 5_000;

const patiently = <T>(work: Promise<T>): Promise<T> =>
  Promise.race([
    work,
    new Promise<never>((_, reject) => {
      setTimeout(() => reject(new Error(`no answer within ${PATIENCE_MS / 1000} s`)), PATIENCE_MS).unref();
    }),
  ]);

const textFact = (text: unknown): Fact<string> =>
  text === undefined || text === null || text === ''
    ? unknown('systeminformation: no answer')
    : known(String(text), 'systeminformation');

const compare = (name: string, reported: unknown, direct: string | null): NameComparison => {
  const systeminformation = textFact(reported);
  const same =
    systeminformation.value === null || direct === null ? null : systeminformation.value === direct;
  return { name, systeminformation, direct, same };
};

const textOrNull = (fact: Fact<string | number | boolean>): string | null =>
  fact.value === null ? null : String(fact.value);

/**
 * Names for people from systeminformation. What decides trust is read directly; where both know the same thing,
 * both are shown.
 */
export async function namesBySysteminformation(direct: {
  readonly cpu: CpuFacts;
  readonly virtualization: VirtualizationFacts;
}): Promise<Fact<NameComparison[]>> {
  try {
    const [processor, os, machine] = await patiently(Promise.all([cpu(), osInfo(), system()]));
    return known(
      [
        compare('machine', [machine.manufacturer, machine.model].filter(Boolean).join(' '), null),
        compare('os', [os.distro, os.release].filter(Boolean).join(' '), null),
        compare('cpu.vendor', processor.vendor, textOrNull(direct.cpu.vendor)),
        compare(
          'cpu.brand',
          [processor.manufacturer, processor.brand].filter(Boolean).join(' '),
          textOrNull(direct.cpu.brand),
        ),
        compare('cpu.family', processor.family, textOrNull(direct.cpu.family)),
        compare('cpu.model', processor.model, textOrNull(direct.cpu.model)),
        compare('cpu.stepping', processor.stepping, textOrNull(direct.cpu.stepping)),
        compare('virtualization.guest', machine.virtual, textOrNull(direct.virtualization.guest)),
        compare(
          'virtualization.hypervisor',
          machine.virtualHost,
          textOrNull(direct.virtualization.hypervisor),
        ),
      ],
      'systeminformation',
    );
  } catch (error) {
    return unknown(`systeminformation: ${reasonOf(error)}`);
  }
}
