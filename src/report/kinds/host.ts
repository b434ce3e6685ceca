import { about, exact } from '../../digits.ts';
import type { Fact } from '../../host/fact.ts';
import type { HostSummary } from '../../host/summary.ts';
import type { HostFacts } from '../../schema/host.ts';
import { columns } from '../columns.ts';
import type { Facts, Kind, Level, Section, Table, Verdict } from '../content.ts';
import { orDash, plural, yesNo } from '../words.ts';

/** Which host it was, in one line. */
export function hostLine(host: HostSummary): string {
  const parts = [
    host.hostname,
    host.cpu ?? 'unknown CPU',
    plural(host.cpus, 'CPU'),
    `Linux ${host.kernel}`,
    `clocksource ${host.clocksource ?? 'unknown'}`,
    host.virtualization === 'none' ? 'bare metal' : (host.virtualization ?? 'virtualization unknown'),
  ];
  return `Host: ${parts.join(', ')}`;
}

/** Whether the TSC can be trusted at all. */
function verdict({ tsc, clocksource, virtualization }: HostFacts): Verdict {
  const kernel = clocksource.current.value;
  const source =
    kernel === null
      ? 'which clocksource the kernel uses is not known'
      : `the kernel keeps time by clocksource ${kernel}`;
  const hypervisor = virtualization.hypervisor.value;
  const guest =
    virtualization.guest.value === true
      ? ` The host is itself a guest${hypervisor === null ? '' : ` of ${hypervisor}`}.`
      : '';
  const [level, text]: readonly [Level, string] =
    tsc.readable.value === false
      ? ['bad', 'The TSC cannot be read from user space;']
      : tsc.invariant.value === false
        ? ['bad', 'The TSC is not invariant, so its rate may change;']
        : tsc.invariant.value === null
          ? ['unknown', 'Whether the TSC is invariant is not known;']
          : ['good', 'The TSC is invariant and'];
  return { level, about: 'This host', text: `${text} ${source}.${guest}` };
}

/** CPU numbers, which ascend, as ranges: `0-3, 8`. */
function ranges(numbers: readonly number[]): string {
  const runs: Array<[number, number]> = [];
  for (const n of numbers) {
    const last = runs.at(-1);
    if (last !== undefined && n === last[1] + 1) last[1] = n;
    else runs.push([n, n]);
  }
  return runs.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(', ');
}

const row = <T>(
  name: string,
  fact: Fact<T>,
  format: (value: T) => string = String,
): Facts['facts'][number] =>
  'source' in fact ? [name, format(fact.value), fact.source] : [name, 'not known', fact.reason];

/** The same for a fact that documents of tscope 0.1.0 lack. */
const rowIfKnown = <T>(name: string, fact: Fact<T> | undefined, format: (value: T) => string) =>
  fact === undefined ? [] : [row(name, fact, format)];

const mayOrNot = (may: boolean): string => (may ? 'allowed' : 'not allowed');

/** What the kernel itself said against the TSC, a row each. */
function remarkRows({ kernelRemarks }: HostFacts): Facts['facts'] {
  if (kernelRemarks === undefined) return [];
  const said = kernelRemarks.value ?? [];
  if (said.length === 0) return [row('kernel says', kernelRemarks, () => 'nothing against it')];
  return said.map(({ atS, text }): Facts['facts'][number] => [
    'kernel says',
    text,
    `${atS.toFixed(1)} s after boot`,
  ]);
}

function factGroups(host: HostFacts): Facts[] {
  const { cpu, tsc, virtualization, clocksource, kvm, scheduling, os } = host;
  return [
    {
      title: 'CPU',
      facts: [
        row('vendor', cpu.vendor),
        row('brand', cpu.brand),
        row('family', cpu.family),
        row('model', cpu.model),
        row('stepping', cpu.stepping),
      ],
    },
    {
      title: 'TSC',
      facts: [
        row('readable', tsc.readable, yesNo),
        row('invariant', tsc.invariant, yesNo),
        row('RDTSCP', tsc.rdtscp, yesNo),
        row('TSC_ADJUST', tsc.adjust, yesNo),
        row('deadline timer', tsc.deadlineTimer, yesNo),
        row('granularity', tsc.granularityTicks, (ticks) => plural(ticks, 'tick')),
        ...rowIfKnown(
          "kernel's ratio",
          tsc.kernelRatio,
          ({ mult, shift }) => `ns = cycles * ${mult} >> ${shift}`,
        ),
        ...remarkRows(host),
      ],
    },
    {
      title: 'Virtualization',
      facts: [
        row('is a guest', virtualization.guest, yesNo),
        row('hypervisor', virtualization.hypervisor),
        row('container', virtualization.container),
      ],
    },
    {
      title: 'Clocksource',
      facts: [
        row('current', clocksource.current),
        row('available', clocksource.available, (names) => names.join(', ')),
        row('made from the TSC', clocksource.derivedFromTsc, yesNo),
      ],
    },
    {
      title: 'KVM',
      facts: [
        row('available', kvm.available, yesNo),
        row('preemption timer', kvm.preemptionTimer, yesNo),
        row("guest's TSC", kvm.tscKhz, (khz) => `${khz} kHz`),
      ],
    },
    {
      title: 'Scheduling',
      facts: [
        row('SCHED_FIFO', scheduling.realtimeAllowed, mayOrNot),
        row('CPUs allowed', scheduling.affinity, ranges),
        ...rowIfKnown('pinning', scheduling.affinityAllowed, mayOrNot),
        row('timer slack', scheduling.timerSlackNs, exact),
        ...rowIfKnown('setting the slack', scheduling.timerSlackAllowed, mayOrNot),
        ...rowIfKnown('CPU quota', scheduling.cpuQuota, (cpus) => `${cpus} ${cpus === 1 ? 'CPU' : 'CPUs'}`),
      ],
    },
    { title: 'System', facts: [row('name', os.name), row('kernel', os.kernel), row('Node', os.node)] },
  ];
}

const clocksTable = ({ clocks }: HostFacts): Table => ({
  title: 'Clocks',
  ...columns(clocks, [
    ['clock', ({ name }) => name],
    ['readable', ({ readable }) => yesNo(readable)],
    ['#resolution', ({ resolutionNs }) => orDash(resolutionNs, exact)],
    ['#one read', ({ readNs }) => orDash(readNs, about)],
    ['vDSO', ({ syscallFallback: slow }) => yesNo(slow === null ? null : !slow)],
    ['not the TSC', ({ independent }) => yesNo(independent)],
    ['why', ({ reason }) => reason ?? ''],
  ]),
  note: 'One read: the median of 64, to tell the vDSO from a system call; it has no interval.',
});

/** What systeminformation calls things, and where it differs from what was read directly. */
function namesTable({ names }: HostFacts): Table {
  const title = 'Names by systeminformation, beside those read directly';
  const rows = (names.value ?? []).map(({ name, systeminformation, direct, same }) => [
    name,
    'source' in systeminformation ? systeminformation.value : `not known: ${systeminformation.reason}`,
    direct ?? '-',
    same === false ? 'differs' : '',
  ]);
  const note = 'reason' in names ? `Not known: ${names.reason}.` : '';
  return { title, head: ['name', 'systeminformation', 'direct', ''], rows, fold: title, note };
}

/** Whether this host's clocks can be trusted: each fact with where it comes from. */
const sections = (host: HostFacts): Section[] => [
  { id: 'host', title: 'The host', blocks: [...factGroups(host), clocksTable(host), namesTable(host)] },
];

export const host: Kind<HostFacts> = {
  method: [
    'The host',
    'tscope host',
    'From CPUID, /proc, /sys and system calls, each named beside its fact.',
  ],
  verdict,
  brief: () => [],
  sections,
};
