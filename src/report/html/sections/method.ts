import type { Parts } from '../../parts.ts';
import { element, escapeText } from '../../svg/element.ts';
import { paragraph } from '../markup.ts';
import type { Section } from '../page.ts';

type Name = keyof Parts;

/** How each part was measured, and the command that does it again. */
const METHODS: Readonly<Record<Name, readonly [title: string, command: string, how: string]>> = {
  kvm: [
    'A real guest',
    'tscope kvm',
    'A guest of a few bytes runs on KVM with its in-kernel local APIC; each interrupt is noted with both clocks as KVM_RUN returns. The stop is a time in which KVM_RUN is not called, or a SIGSTOP of the process. The model goes through the same start, stop and resume in virtual time.',
  ],
  stop: [
    'What a long stop costs',
    'tscope stop',
    "The timer's model, bit for bit as in arch/x86/kvm/lapic.c, runs on this host's clocks with its preemption timer armed. Both clocks are moved forward by the stop; from then on every callback is really run and timed, until the timer has caught up, the watchdog would fire or the time allowed is used up. The callbacks are this program's, not the kernel's: their cost is of the same order, not the same.",
  ],
  timer: [
    'The live timer',
    'tscope timer',
    'A thread waits for each deadline and reads the clock at once. Deadlines are on a grid of absolute times, so lateness does not add up.',
  ],
  calibrate: [
    "The TSC's rate",
    'tscope calibrate',
    'The clock is read between two fenced reads of the TSC; what falls between bounds it from both sides. Wide brackets and those that changed CPU are dropped, the rest are fitted by least squares. The hard interval follows from the brackets alone.',
  ],
  drift: [
    'Drift and stability',
    'tscope drift',
    'On a regular grid every clock is read in a burst of brackets, of which the narrowest counts. The rate is fitted; the overlapping Allan deviation is that of the residual time error, steps and sleep taken out and listed as events.',
  ],
  host: ['The host', 'tscope host', 'From CPUID, /proc, /sys and system calls, each named beside its fact.'],
};

const ORDER: readonly Name[] = ['kvm', 'stop', 'timer', 'calibrate', 'drift', 'host'];

/** How every figure on the page came about. */
export function methodSection(parts: Parts): Section {
  const known = ORDER.filter((name) => parts[name] !== null && parts[name] !== undefined);
  const entries = known.map((name) => {
    const [title, command, how] = METHODS[name];
    const term = element('dt', {}, `${escapeText(title)}: ${element('code', {}, escapeText(command))}`);
    return term + element('dd', {}, escapeText(how));
  });
  const html = [
    paragraph('Each part can be measured again, alone and in more detail, by the command beside it.'),
    element('dl', { class: 'how' }, ...entries),
  ];
  return { id: 'method', title: 'How it was measured', html: html.join('') };
}
