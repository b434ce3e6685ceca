import fc from 'fast-check';
import { expect, test } from 'vitest';
import { untraced } from '../../src/kvm/expiries.ts';
import { nextTimers, refusal, stallSetup } from '../../src/kvm/stall.ts';
import type { Stall, StallRecord } from '../../src/kvm/stall-finding.ts';
import { stallFindingOf, stallResultOf } from '../../src/kvm/stall-finding.ts';

const PERIOD = 400_000;
const USUAL = 50_000;
const record: StallRecord = {
  periodNs: PERIOD,
  usualLatenessNs: USUAL,
  stalls: [],
  reason: null,
  trace: untraced('not asked for'),
};

/**
 * Interrupts around a delay of `toNs`, on a kernel that starts a new grid at its end or stays on the old one.
 *
 * @param dueNs where the first point of the old grid lies after the instant.
 */
function stalled(
  kernel: 'clamps' | 'catches-up',
  dueNs: number,
  toNs: number,
  late = (_i: number) => USUAL,
): Stall {
  const before = Array.from({ length: 42 }, (_, i) => dueNs - (42 - i) * PERIOD + late(i)).filter(
    (ns) => ns < 0,
  );
  const start = kernel === 'clamps' ? toNs : dueNs + Math.floor((toNs - dueNs) / PERIOD) * PERIOD;
  const first = toNs + USUAL;
  const after = Array.from({ length: 42 }, (_, i) => start + (i + 1) * PERIOD + late(i));
  return { toNs, deliveriesNs: [...before, first, ...after] };
}

const three = (kernel: 'clamps' | 'catches-up') =>
  [100_000, 200_000, 300_000].map((due) => stalled(kernel, due, due + 2.5 * PERIOD));

test('a new grid at the end of the delay is a clamp, the old one a kernel that catches up', () => {
  const clamps = stallResultOf({ ...record, stalls: three('clamps') });
  expect(clamps).toEqual({
    tried: 3,
    grid: { old: 0, new: 3, unclear: 0 },
    periodNs: PERIOD,
    latenessNs: { max: 1_000_000, p50: 1_000_000 },
    verdict: 'clamps',
    explanation:
      'The guest\'s timer, 400 us, was made to run up to 1.00 ms late, 3 times: each time (3 of 3 that tell) its interrupts started a new grid when it could run, so the target that was past became "now", as the fixed kernel does.',
  });
  const catchesUp = stallResultOf({ ...record, stalls: three('catches-up') });
  expect(catchesUp).toMatchObject({ verdict: 'catches-up', grid: { old: 3, new: 0, unclear: 0 } });
  expect(catchesUp.explanation).toContain('ran one callback for each missed period');
});

test('wherever the delay ends, no kernel is taken for the other', () => {
  fc.assert(
    fc.property(
      fc.constantFrom('clamps', 'catches-up'),
      fc.integer({ min: 0, max: PERIOD - 1 }),
      fc.integer({ min: 2 * PERIOD, max: 12 * PERIOD }),
      fc.array(fc.integer({ min: 20_000, max: 80_000 }), { minLength: 5, maxLength: 20 }),
      (kernel, due, to, lateness) => {
        const late = (i: number) => lateness[i % lateness.length] ?? USUAL;
        const { grid } = stallFindingOf(stalled(kernel, due, to, late), record);
        expect(grid).not.toBe(kernel === 'clamps' ? 'old' : 'new');
      },
    ),
  );
});

test('a delay that ends a quarter of a period from the old grid tells, a shorter distance does not', () => {
  const at = (share: number) =>
    stallFindingOf(stalled('clamps', 100_000, 100_000 + (2 + share) * PERIOD), record).grid;
  expect([at(0.24), at(0.26), at(0.74), at(0.76)]).toEqual(['unclear', 'new', 'new', 'unclear']);
});

test('interrupts between the two grids, or too few of them, tell nothing', () => {
  const clean = stalled('clamps', 100_000, 100_000 + 2.5 * PERIOD);
  const moved = (ns: number) => ({
    ...clean,
    deliveriesNs: clean.deliveriesNs.map((time) => (time > clean.toNs + USUAL ? time + ns : time)),
  });
  // The grids are half a period apart, so that one reaches over 0.4 of that.
  expect(stallFindingOf(moved(75_000), record).grid).toBe('new');
  expect(stallFindingOf(moved(85_000), record).grid).toBe('unclear');
  expect(stallFindingOf(moved(115_000), record).grid).toBe('unclear');
  expect(stallFindingOf(moved(125_000), record).grid).toBe('old');
  const before = clean.deliveriesNs.filter((ns) => ns < 0);
  const few = (count: number) => ({
    ...clean,
    deliveriesNs: [...before.slice(-count), ...clean.deliveriesNs.slice(before.length)],
  });
  expect(stallFindingOf(few(15), record).grid).toBe('new');
  expect(stallFindingOf(few(14), record).grid).toBe('unclear');
});

test('three delays that tell are enough; four fifths of them must agree', () => {
  const verdict = (clamps: number, catchesUp: number) =>
    stallResultOf({
      ...record,
      stalls: [
        ...Array.from({ length: clamps }, () => stalled('clamps', 100_000, 1_100_000)),
        ...Array.from({ length: catchesUp }, () => stalled('catches-up', 100_000, 1_100_000)),
      ],
    }).verdict;
  expect([verdict(2, 0), verdict(3, 0), verdict(0, 3)]).toEqual(['inconclusive', 'clamps', 'catches-up']);
  expect([verdict(4, 1), verdict(3, 1), verdict(1, 4)]).toEqual(['clamps', 'inconclusive', 'catches-up']);
});

test('too few delays that tell: how many there were, and how many it takes', () => {
  expect(stallResultOf({ ...record, stalls: three('clamps').slice(0, 1) })).toMatchObject({
    verdict: 'inconclusive',
    explanation:
      "A forced delay of the guest's timer says nothing: after 1 of 1 could the old grid be told from a new one; a verdict needs 3.",
  });
});

test('where one delay says otherwise, the sentence does not say each', () => {
  const stalls = [
    ...three('clamps'),
    stalled('clamps', 100_000, 1_100_000),
    ...three('catches-up').slice(0, 1),
  ];
  expect(stallResultOf({ ...record, stalls }).explanation).toContain(
    'late, 5 times: mostly (4 of 5 that tell) its interrupts started a new grid',
  );
});

test('no delay: the reason, in one sentence, and nothing claimed', () => {
  expect(stallResultOf({ ...record, reason: 'timerfd_create is refused here (EPERM)' })).toEqual({
    tried: 0,
    grid: { old: 0, new: 0, unclear: 0 },
    periodNs: PERIOD,
    latenessNs: null,
    verdict: 'inconclusive',
    explanation: "A forced delay of the guest's timer says nothing: timerfd_create is refused here (EPERM).",
  });
  expect(stallResultOf(record).explanation).toContain('before the run was interrupted');
});

test('the period is six times as long as interrupts are late, within bounds', () => {
  const period = (lateNs: number, min = 200_000) => stallSetup(lateNs, min).periodNs;
  expect([period(0), period(66_000), period(67_000)]).toEqual([400_000, 400_000, 500_000]);
  expect([period(10_000_000), period(0, 5_000_000)]).toEqual([1_000_000, 5_000_000]);
});

test('a burst grows to the delay that is aimed at, four times at most in one step', () => {
  expect(nextTimers(500, 120, 1_200_000)).toBe(2_000);
  expect(nextTimers(2_000, 120, 1_200_000)).toBe(8_000);
  expect(nextTimers(8_000, 120, 1_200_000)).toBe(10_000);
  expect(nextTimers(10_000, 240, 1_200_000)).toBe(5_000);
});

test('what ended later than the guest saw it end was the watching process waiting for the guest', () => {
  const { latenessNs, grid } = stallFindingOf(
    { ...stalled('clamps', 100_000, 1_100_000), toNs: 1_150_000 },
    record,
  );
  expect({ latenessNs, grid }).toEqual({ latenessNs: 1_000_000, grid: 'new' });
});

test('a step that is refused, in words that end a sentence; a defect is thrown', () => {
  const refused = (syscall: string, code: string) => refusal(Object.assign(new Error(), { syscall, code }));
  const files = (step: string, code: string) =>
    `this process may not open enough files (${step}: ${code}); raise the limit of open files`;
  expect([
    refused('RLIMIT_NOFILE', 'EINVAL'),
    refused('timerfd_create', 'EMFILE'),
    refused('timerfd_create', 'ENFILE'),
    refused('fork', 'EAGAIN'),
    refused('timerfd_create', 'EPERM'),
  ]).toEqual([
    files('RLIMIT_NOFILE', 'EINVAL'),
    files('timerfd_create', 'EMFILE'),
    files('timerfd_create', 'ENFILE'),
    'no process could be started that makes it (fork: EAGAIN)',
    'timerfd_create is refused here (EPERM)',
  ]);
  const defects = [new TypeError('a defect'), Object.assign(new Error('no step'), { code: 'EPERM' })];
  for (const defect of defects) expect(() => refusal(defect)).toThrow(defect);
});

test('delays that contradict each other: how often each was seen', () => {
  const stalls = [...three('clamps'), ...three('catches-up').slice(0, 1)];
  expect(stallResultOf({ ...record, stalls }).explanation).toBe(
    "A forced delay of the guest's timer says nothing: interrupts were on the old grid once and on a new one 3 times.",
  );
});
