import { type AroundStop, aroundStop, type StopSetup } from '../../../lapic/around-stop.ts';
import { type PolicyName, policies, policyNames } from '../../../lapic/policies.ts';
import { formatNs } from '../../../units.ts';
import { policyStyle } from '../../policy-style.ts';
import { durationText } from '../../svg/mark-text.ts';
import { PLAIN_STYLE } from '../../svg/series.ts';
import { type Strip, type StripRow, stripFigure } from '../../svg/strip.ts';
import { caption, heading, paragraph, table } from '../markup.ts';
import type { Section } from '../page.ts';

/** A stop long enough for the catch-up to be seen beside the period, at the crash's 79 ns a callback. */
const SCENE: StopSetup = {
  periodNs: 1e6,
  stopNs: 30e9,
  callbackNs: 79,
  exitNs: 2_000,
  handlingNs: 10_000,
  delivery: 'coalesced',
  hvTimer: true,
  periodsBefore: 3,
  periodsAfter: 8,
};
/** The CPU stalls for less, so that the storm ends within the figure. */
const STALL: StopSetup = { ...SCENE, delivery: 'posted', hvTimer: false };

/** How many periods the stop takes up in the figure. */
const BREAK = 2;

/** More of them than this are no recovery in a step or two. */
const MANY = 100;

/** What the eye is to see. */
function noteOf(
  { caughtUpNs, callbacks, vmExits, phaseShiftNs, interruptsNs }: AroundStop,
  scene: StopSetup,
): string {
  if (callbacks <= MANY && vmExits <= MANY) {
    return phaseShiftNs === 0 ? 'old phase' : `phase +${formatNs(phaseShiftNs)}`;
  }
  const lasting = caughtUpNs === null ? 'without an end' : `for ${formatNs(caughtUpNs)}`;
  const end = (caughtUpNs ?? Number.POSITIVE_INFINITY) + scene.periodNs;
  if (interruptsNs.filter((ns) => ns >= 0 && ns < end).length > MANY) return `storm ${lasting}`;
  return callbacks > MANY ? `host deaf ${lasting}` : `guest stuck ${lasting}`;
}

/** Time on the figure's axis, in periods: the stop is cut out. */
const place = (ns: number, scene: StopSetup): number =>
  ns >= 0 ? ns / scene.periodNs : (ns + scene.stopNs) / scene.periodNs - BREAK;

function rowOf(run: AroundStop, scene: StopSetup, name: string, style = policyStyle(run.policy)): StripRow {
  const slow = (run.callbacks > MANY || run.vmExits > MANY) && run.caughtUpNs !== null;
  return {
    label: name,
    note: noteOf(run, scene),
    style,
    events: run.interruptsNs.map((ns) => place(ns, scene)),
    busy: slow
      ? [
          {
            from: 0,
            to: (run.caughtUpNs ?? 0) / scene.periodNs,
            label: `catching up: ${formatNs(run.caughtUpNs ?? 0)}`,
          },
        ]
      : [],
  };
}

function strip(rows: readonly StripRow[], scene: StopSetup, title: string, band: string): Strip {
  const { periodNs, periodsAfter, periodsBefore } = scene;
  // The vCPU left 0.6 of a period after a tick; the stop is a whole number of periods.
  const old = Array.from({ length: periodsAfter }, (_, i) => i + 0.4);
  const after = Array.from({ length: periodsAfter + 1 }, (_, i) => i);
  return {
    title,
    axis: 'time after the resume (ms)',
    domain: [-BREAK - periodsBefore, periodsAfter],
    marks: after.map((at) => ({ at, text: String((at * periodNs) / 1e6) })),
    grid: old,
    band: { from: -BREAK, to: 0, label: band },
    rows,
  };
}

/** The interrupts that a guest gets around a stop, policy by policy: the model in virtual time. */
export function aroundStopSection(): Section {
  const rows = policyNames.map((name) => rowOf(aroundStop(SCENE, name), SCENE, name));
  const software = rowOf(
    aroundStop({ ...SCENE, hvTimer: false }, 'clamp'),
    SCENE,
    'software timer',
    PLAIN_STYLE,
  );
  const posted = (['catch-up', 'clamp'] as const).map((name: PolicyName) =>
    rowOf(aroundStop(STALL, name), STALL, name),
  );
  const length = durationText(SCENE.stopNs);
  const html = [
    paragraph(
      `A guest with a timer of ${durationText(SCENE.periodNs)} is outside KVM for ${length}. Every stroke is an interrupt that it gets; ` +
        'a pale bar is time spent on missed periods. Dotted lines are where the ticks would have been without the stop.',
      'lead',
    ),
    stripFigure(
      strip([...rows, software], SCENE, 'Interrupts around a stop under each policy', `stopped, ${length}`),
      caption(
        `Computed with tscope's model of KVM's timer in virtual time, for a guest that does not halt, on the preemption timer: ${SCENE.callbackNs} ns for each callback (as in the crash that led to the fix), ${formatNs(SCENE.exitNs)} for each exit, ${formatNs(SCENE.handlingNs)} to handle an interrupt.`,
        'Deaf: one hard interrupt, in which this CPU does nothing else. The last row is any policy without the preemption timer (AMD, or a halted guest): its timer runs on during the stop, and nothing is missed but the ticks themselves.',
      ),
    ),
    heading('With posted interrupts, when the CPU stalls'),
    stripFigure(
      strip(posted, STALL, 'Interrupts around a stall with posted delivery', `stalled, ${length}`),
      caption(
        'Where timer interrupts are posted to the guest from another CPU, and that CPU stalls, a catch-up reaches the guest as a storm: one interrupt for each callback that finds the last one handled.',
      ),
    ),
    heading('The rules'),
    table(
      ['policy', 'after an expiry, the next one is'],
      policyNames.map((name) => [name, policies[name].summary]),
    ),
  ];
  return { id: 'policies', title: 'What a guest sees of a long stop', html: html.join('') };
}
