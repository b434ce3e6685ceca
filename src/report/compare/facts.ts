import type { CompareResult } from '../../schema/compare.ts';
import type { ReportInput } from '../input.ts';

/** A fact's name and value; null where it is not known. */
type Facts = ReadonlyMap<string, string | null>;

const text = (value: unknown): string | null =>
  value === null || value === undefined ? null : Array.isArray(value) ? value.join(', ') : String(value);

/** What a document says about its host: the summary, the facts of `host` if it has them, and the KVM verdict. */
export function factsOf({ host, parts, tool }: ReportInput): Facts {
  const facts = new Map<string, string | null>([
    ['host name', host.hostname],
    ['CPU', host.cpu],
    ['CPUs', String(host.cpus)],
    ['memory (GiB)', (host.memoryBytes / 2 ** 30).toFixed(1)],
    ['kernel', host.kernel],
    ['clocksource', host.clocksource],
    ['virtualization', host.virtualization],
    ['tscope', tool.version],
  ]);
  const groups = parts.host ?? null;
  if (groups !== null) {
    const { clocks: _, names: __, kernelRemarks: ___, ...single } = groups;
    for (const [group, members] of Object.entries(single)) {
      for (const [name, fact] of Object.entries(members)) facts.set(`${group}.${name}`, text(fact.value));
    }
  }
  const kernel = parts.calibrate?.kernel ?? null;
  if (kernel !== null && kernel.mult !== null && kernel.shift !== null) {
    facts.set("kernel's ratio", `mult ${kernel.mult} >> ${kernel.shift}`);
  }
  if (parts.kvm) facts.set("KVM's verdict", parts.kvm.verdict).set("timer of KVM's guest", parts.kvm.path);
  return facts;
}

/** Facts that both documents state and that differ. */
export const differingFacts = (a: Facts, b: Facts): CompareResult['facts'] =>
  [...a].flatMap(([fact, value]) => {
    const other = b.get(fact);
    return other === undefined || other === value ? [] : [{ fact, a: value, b: other }];
  });
