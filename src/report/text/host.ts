import type { Fact } from '../../host/fact.ts';
import type { HostFacts } from '../../schema/host.ts';
import { formatNs, formatSignificant } from '../../units.ts';
import { textTable } from './table.ts';

/** `name  value  (source)`, or why there is none. */
function factLine<T>(name: string, fact: Fact<T>, format: (value: T) => string = String): string {
  const text = 'source' in fact ? `${format(fact.value)}  (${fact.source})` : `unknown: ${fact.reason}`;
  return `  ${name.padEnd(18)}${text}`;
}

/** The same for a fact that documents of tscope 0.1.0 lack. */
const optionalLine = <T>(name: string, fact: Fact<T> | undefined, format: (value: T) => string): string[] =>
  fact === undefined ? [] : [factLine(name, fact, format)];

const mayOrNot = (may: boolean): string => (may ? 'allowed' : 'not allowed');
const yesNo = (value: boolean): string => (value ? 'yes' : 'no');
const orDash = (value: number | null, format: (value: number) => string): string =>
  value === null ? '-' : format(value);
const flag = (value: boolean | null): string => (value === null ? '-' : yesNo(value));

function clocksTable(clocks: HostFacts['clocks']): string {
  const head = ['clock', '#resolution', '#one read', 'vDSO', 'independent of the TSC', 'why'];
  const rows = clocks.map((clock) => [
    clock.name,
    orDash(clock.resolutionNs, formatNs),
    orDash(clock.readNs, (ns) => `${formatSignificant(ns)} ns`),
    flag(clock.syscallFallback === null ? null : !clock.syscallFallback),
    flag(clock.independent),
    clock.reason ?? '',
  ]);
  return textTable(head, rows)
    .split('\n')
    .map((line) => `  ${line}`)
    .join('\n');
}

/** What systeminformation calls things, and where it differs from what was read directly. */
function namesLines({ names }: HostFacts): string[] {
  if (names.value === null) return [`  unknown: ${names.reason}`];
  return names.value.map(({ name, systeminformation, direct, same }) => {
    const said = systeminformation.value ?? `unknown: ${systeminformation.reason}`;
    const against = same === false ? `  (differs: read directly it is ${direct})` : '';
    return `  ${name.padEnd(28)}${said}${against}`;
  });
}

/** What the kernel itself said against the TSC, a line each. */
function remarkLines({ kernelRemarks }: HostFacts): string[] {
  if (kernelRemarks === undefined) return [];
  const said = kernelRemarks.value ?? [];
  if (said.length === 0) return [factLine('kernel says', kernelRemarks, () => 'nothing against it')];
  return said.map(
    ({ atS, text }, i) => `  ${(i === 0 ? 'kernel says' : '').padEnd(18)}${atS.toFixed(1)} s: ${text}`,
  );
}

/** Every fact, with where it comes from. */
export function hostText(host: HostFacts): string {
  const { cpu, tsc, virtualization, clocksource, kvm, scheduling, os } = host;
  const signature = [cpu.family, cpu.model, cpu.stepping].map(({ value }) => value ?? '?').join(', ');
  return [
    'CPU',
    factLine('vendor', cpu.vendor),
    factLine('brand', cpu.brand),
    `  ${'signature'.padEnd(18)}family, model, stepping ${signature}`,
    '',
    'TSC',
    factLine('readable', tsc.readable, yesNo),
    factLine('invariant', tsc.invariant, yesNo),
    factLine('rdtscp', tsc.rdtscp, yesNo),
    factLine('TSC_ADJUST', tsc.adjust, yesNo),
    factLine('deadline timer', tsc.deadlineTimer, yesNo),
    factLine('granularity', tsc.granularityTicks, (ticks) => `${ticks} ticks`),
    ...remarkLines(host),
    '',
    'Virtualization',
    factLine('guest', virtualization.guest, yesNo),
    factLine('hypervisor', virtualization.hypervisor),
    factLine('container', virtualization.container),
    '',
    'Clocksource',
    factLine('current', clocksource.current),
    factLine('available', clocksource.available, (names) => names.join(', ')),
    factLine('from the TSC', clocksource.derivedFromTsc, yesNo),
    '',
    'Clocks',
    clocksTable(host.clocks),
    '',
    'KVM',
    factLine('available', kvm.available, yesNo),
    factLine('preemption timer', kvm.preemptionTimer, yesNo),
    factLine('guest TSC', kvm.tscKhz, (khz) => `${khz} kHz`),
    '',
    'Scheduling',
    factLine('SCHED_FIFO', scheduling.realtimeAllowed, mayOrNot),
    factLine('affinity', scheduling.affinity, (cpus) => cpus.join(',')),
    ...optionalLine('pinning', scheduling.affinityAllowed, mayOrNot),
    factLine('timer slack', scheduling.timerSlackNs, formatNs),
    ...optionalLine('setting the slack', scheduling.timerSlackAllowed, mayOrNot),
    ...optionalLine('CPU quota', scheduling.cpuQuota, (cpus) => `${formatSignificant(cpus)} CPUs`),
    '',
    'System',
    factLine('name', os.name),
    factLine('kernel', os.kernel),
    factLine('node', os.node),
    '',
    'Names by systeminformation',
    ...namesLines(host),
  ].join('\n');
}
