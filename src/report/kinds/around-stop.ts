import { about, exact, offset } from '../../digits.ts';
import type { AroundStop, StopSetup } from '../../lapic/around-stop.ts';
import { policies, policyNames } from '../../lapic/policies.ts';
import type { Section } from '../content.ts';
import { PLAIN_STYLE } from '../plot/series.ts';
import { type Strip, type StripRow, stripFigure } from '../plot/strip.ts';

/** The colour and marker of a policy, the same in every figure; of anything else, those of plain text. */
export const policyStyle = (name: string): number => {
  const index = (policyNames as readonly string[]).indexOf(name);
  return index === -1 ? PLAIN_STYLE : index;
};

/** How many periods the stop takes up in the figure. */
const BREAK = 2;

/** With more callbacks, exits or interrupts than this a recovery takes more than a step or two. */
const MANY = 100;

const isSlow = ({ callbacks, vmExits }: AroundStop): boolean => callbacks > MANY || vmExits > MANY;

const lastingOf = ({ caughtUpNs }: AroundStop): string =>
  caughtUpNs === null ? 'without an end' : `for ${about(caughtUpNs)}`;

/** What to look at in a row. */
function noteOf(run: AroundStop): string {
  if (!isSlow(run)) return run.phaseShiftNs === 0 ? 'old phase' : `phase ${about(run.phaseShiftNs, offset)}`;
  const who = run.interruptsNs.length > MANY ? 'storm' : run.callbacks > MANY ? 'host deaf' : 'guest stuck';
  return `${who} ${lastingOf(run)}`;
}

/** Time on the figure's axis, in periods: the stop is cut out. */
const place = (ns: number, scene: StopSetup): number =>
  ns >= 0 ? ns / scene.periodNs : (ns + scene.stopNs) / scene.periodNs - BREAK;

function rowOf(run: AroundStop, scene: StopSetup, name: string = run.policy): StripRow {
  const { caughtUpNs } = run;
  return {
    label: name,
    note: noteOf(run),
    style: policyStyle(name),
    events: run.interruptsNs.map((ns) => place(ns, scene)),
    busy:
      isSlow(run) && caughtUpNs !== null
        ? [{ from: 0, to: caughtUpNs / scene.periodNs, label: `catching up: ${about(caughtUpNs)}` }]
        : [],
  };
}

const stripOf = (
  scene: StopSetup,
  band: string,
  own: Pick<Strip, 'id' | 'title' | 'rows' | 'caption'>,
): Strip => ({
  ...own,
  axis: 'time after the resume (ms)',
  domain: [-BREAK - scene.periodsBefore, scene.periodsAfter],
  ticks: Array.from({ length: scene.periodsAfter + 1 }, (_, at) => ({
    at,
    text: String((at * scene.periodNs) / 1e6),
  })),
  // The vCPU left 0.6 of a period after a tick; the stop is a whole number of periods.
  grid: Array.from({ length: scene.periodsAfter }, (_, i) => i + 0.4),
  band: { from: -BREAK, to: 0, label: band },
  describe: (at) => {
    const ns = (at < -BREAK ? at + BREAK : at) * scene.periodNs;
    return at < -BREAK ? `${about(-ns)} before the stop` : `${about(ns)} after the resume`;
  },
});

/** One long stop: under every policy, on the software timer, and where posted interrupts wait for a CPU that stalls. */
export interface AroundStops {
  readonly setup: StopSetup;
  readonly runs: readonly AroundStop[];
  readonly software: AroundStop;
  readonly posted: { readonly setup: StopSetup; readonly runs: readonly AroundStop[] };
}

/** The interrupts that a guest gets around a stop, policy by policy. */
export function aroundStopSection({ setup, runs, software, posted }: AroundStops): Section {
  const length = exact(setup.stopNs);
  const caughtUp = runs.find(({ policy }) => policy === 'catch-up');
  return {
    id: 'policies',
    title: 'What a guest sees of a long stop',
    blocks: [
      {
        text:
          `A guest with a timer of ${exact(setup.periodNs)} is outside KVM for ${length}. Every stroke is an interrupt that it gets; ` +
          'a pale bar is time spent on missed periods. Dotted lines are where the ticks would have been without the stop.',
        tone: 'lead',
      },
      stripFigure(
        stripOf(setup, `stopped, ${length}`, {
          id: 'around-a-stop',
          title:
            caughtUp === undefined
              ? 'Interrupts around a stop under each policy'
              : `After ${length}, catch-up leaves the host deaf ${lastingOf(caughtUp)}; clamp goes on at once`,
          rows: [...runs.map((run) => rowOf(run, setup)), rowOf(software, setup, 'software timer')],
          caption: [
            `Computed with tscope's model of KVM's timer in virtual time, for a guest that does not halt, on the preemption timer: ${setup.callbackNs} ns for each callback (as in the crash that led to the fix), ${exact(setup.exitNs)} for each exit, ${exact(setup.handlingNs)} to handle an interrupt.`,
            'Deaf: one hard interrupt, in which this CPU does nothing else. The last row is any policy without the preemption timer (AMD, or a halted guest): its timer runs on during the stop, and nothing is missed but the ticks themselves.',
          ],
        }),
      ),
      stripFigure(
        stripOf(posted.setup, `stalled, ${length}`, {
          id: 'around-a-stall',
          title: 'Posted interrupts and a CPU that stalls: catch-up reaches the guest as a storm',
          rows: posted.runs.map((run) => rowOf(run, posted.setup)),
          caption: [
            'Where timer interrupts are posted to the guest from another CPU, and that CPU stalls, the guest gets one interrupt for each callback that finds the last one handled.',
          ],
        }),
      ),
      {
        title: 'The rules',
        head: ['policy', 'after an expiry, the next one is'],
        rows: policyNames.map((name) => [name, policies[name].summary]),
      },
    ],
  };
}
