import type { HostFacts } from '../../../schema/host.ts';
import { formatNs } from '../../../units.ts';
import { facts, heading, table } from '../markup.ts';
import type { Section } from '../page.ts';

type Fact = { readonly value: unknown; readonly source?: string; readonly reason?: string };
type Row = readonly [name: string, value: string, source: string];

/** CPU numbers as ranges: `0-3, 8`. */
export function ranges(numbers: readonly number[]): string {
  const sorted = [...numbers].sort((a, b) => a - b);
  const runs: Array<[number, number]> = [];
  for (const n of sorted) {
    const last = runs.at(-1);
    if (last !== undefined && n === last[1] + 1) last[1] = n;
    else runs.push([n, n]);
  }
  return runs.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(', ');
}

function valueText(value: unknown): string {
  if (value === true) return 'yes';
  if (value === false) return 'no';
  if (!Array.isArray(value)) return String(value);
  return value.every((item) => typeof item === 'number') ? ranges(value) : value.join(', ');
}

const row = (name: string, fact: Fact, unit = ''): Row =>
  fact.value === null
    ? [name, 'not known', fact.reason ?? '']
    : [name, `${valueText(fact.value)}${unit}`, fact.source ?? ''];

const rows = ({ cpu, tsc, virtualization, clocksource, kvm, scheduling, os }: HostFacts): Row[] => [
  row('CPU', cpu.brand),
  row('vendor', cpu.vendor),
  row('family', cpu.family),
  row('model', cpu.model),
  row('stepping', cpu.stepping),
  row('TSC readable', tsc.readable),
  row('TSC invariant', tsc.invariant),
  row('RDTSCP', tsc.rdtscp),
  row('TSC_ADJUST', tsc.adjust),
  row('TSC-deadline timer', tsc.deadlineTimer),
  row('TSC granularity', tsc.granularityTicks, ' ticks'),
  row('is a guest', virtualization.guest),
  row('hypervisor', virtualization.hypervisor),
  row('container', virtualization.container),
  row('clocksource', clocksource.current),
  row('clocksources available', clocksource.available),
  row('made from the TSC', clocksource.derivedFromTsc),
  row('KVM', kvm.available),
  row('VMX preemption timer', kvm.preemptionTimer),
  row("KVM's TSC rate", kvm.tscKhz, ' kHz'),
  row('SCHED_FIFO allowed', scheduling.realtimeAllowed),
  row('CPUs allowed', scheduling.affinity),
  row('timer slack', scheduling.timerSlackNs, ' ns'),
  row('system', os.name),
  row('kernel', os.kernel),
  row('Node', os.node),
];

const clockRows = ({ clocks }: HostFacts): string[][] =>
  clocks.map(({ name, readable, resolutionNs, readNs, syscallFallback, independent, reason }) => [
    name,
    readable ? 'yes' : 'no',
    resolutionNs === null ? '-' : formatNs(resolutionNs),
    readNs === null ? '-' : formatNs(readNs),
    syscallFallback === null ? 'not known' : syscallFallback ? 'yes' : 'no',
    independent === null ? 'not known' : independent ? 'yes' : 'no',
    reason ?? '',
  ]);

/** Names that systeminformation and the direct source give differently. */
function nameRows({ names }: HostFacts): string[][] {
  const known = names.value ?? [];
  return known
    .filter(({ same }) => same === false)
    .map(({ name, systeminformation, direct }) => [
      name,
      systeminformation.value === null ? 'not known' : String(systeminformation.value),
      direct ?? '-',
    ]);
}

/** What decides the worth of this host's clocks, each fact with where it comes from. */
export function hostSection(host: HostFacts): Section {
  const differences = nameRows(host);
  const html = [
    facts(rows(host)),
    heading('Clocks'),
    table(
      ['clock', 'readable', '#resolution', '#one read', 'system call', 'not the TSC', 'why'],
      clockRows(host),
    ),
    differences.length === 0
      ? ''
      : heading('Names that two sources give differently') +
        table(['name', 'systeminformation', 'direct'], differences),
  ];
  return { id: 'host', title: 'The host', html: html.join('') };
}
