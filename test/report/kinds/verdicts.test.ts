import { describe, expect, test } from 'vitest';
import { calibrate } from '../../../src/report/kinds/calibrate.ts';
import { drift } from '../../../src/report/kinds/drift.ts';
import { host } from '../../../src/report/kinds/host.ts';
import { kvm } from '../../../src/report/kinds/kvm.ts';
import { timer } from '../../../src/report/kinds/timer.ts';
import { EVENT_KINDS, type EventKind } from '../../../src/schema/words.ts';
import { fixtureParts } from '../fixture.ts';

const parts = fixtureParts();

describe('kvm', () => {
  test.each([
    [
      'keeps-running',
      'note',
      "A guest's timer keeps running while the guest is stopped, so there is nothing to catch up: a stop does not test the fix on this host.",
    ],
    ['clamps', 'good', 'It clamps: what a guest missed in a stop is dropped, as the fix does.'],
    [
      'catches-up',
      'bad',
      'It runs through every period that a guest missed, with interrupts off: CVE-2025-71104 is open on this host.',
    ],
    ['inconclusive', 'unknown', 'This run does not tell what it does with the ticks that a guest misses.'],
  ] as const)('%s is %s', (verdict, level, text) => {
    expect(kvm.verdict({ ...parts.kvm, verdict })).toEqual({ level, about: "This kernel's KVM", text });
    if (verdict === 'clamps' || verdict === 'catches-up') {
      const shown = { ...parts.kvm, verdict: 'keeps-running', fix: verdict } as const;
      expect(kvm.verdict(shown)).toEqual({ level, about: "This kernel's KVM", text });
    }
  });
});

describe('drift', () => {
  const [pair] = parts.drift.pairs;
  if (pair === undefined) throw new Error('the fixture has no pair');
  const withEvent = (kind: EventKind) => ({
    ...parts.drift,
    pairs: [{ ...pair, events: [{ at: '2026-01-01T00:00:00.000Z', kind, detail: 'x' }] }],
  });

  test.each(EVENT_KINDS)('%s', (kind) => {
    const harmless = kind === 'cpu-migration' || kind === 'steal';
    const { level, text } = drift.verdict(withEvent(kind));
    expect(level).toBe(harmless ? 'good' : 'note');
    expect(text).toContain(`; events: 1 x ${kind}.`);
  });

  test('one event that every pair has counts once; a step counts for its clock', () => {
    const both = (kind: EventKind) => {
      const events = [{ at: '2026-01-01T00:00:00.000Z', kind, detail: 'x' }];
      return drift.verdict({
        ...parts.drift,
        pairs: [
          { ...pair, events },
          { ...pair, clock: 'other', events },
        ],
      }).text;
    };
    expect(both('suspend')).toContain('events: 1 x suspend');
    expect(both('step')).toContain('events: 2 x step');
  });

  test('the clock that drifts most is named with its rate; no rate is no verdict', () => {
    const fast = { ...pair, clock: 'fast', rateRatio: -2e-6, rateStandardError: 3e-8, independent: true };
    expect(drift.verdict({ ...parts.drift, durationNs: 6e9, reference: 'r', pairs: [pair, fast] }).text).toBe(
      'Over 6.0 s, fast drifted the most from r: -2.000 +/- 0.030 ppm; no event.',
    );
    expect(drift.verdict({ ...parts.drift, pairs: [{ ...pair, rateRatio: null }] }).level).toBe('unknown');
  });
});

describe('timer', () => {
  test('missed ticks make a note, and no tick no verdict', () => {
    const { level, text } = timer.verdict({ ...parts.timer, missed: 1, ticks: 2 });
    expect({ level, missed: text.endsWith('; 1 of 3 were missed.') }).toEqual({
      level: 'note',
      missed: true,
    });
    expect(timer.verdict({ ...parts.timer, latenessNs: null }).level).toBe('unknown');
    expect(timer.brief({ ...parts.timer, latenessNs: null })).toEqual(['no tick']);
  });

  const lineAt = (rate: number) => {
    const divergence = {
      rateRatio: rate,
      rateStandardError: 1e-10,
      atEndNs: 3,
      maxAbsNs: 3,
      predictedRateRatio: 1e-9,
      predictedLowRatio: 1e-9,
      predictedHighRatio: 1e-9,
      points: [[0, 0] as [number, number], [3e9, 3] as [number, number]],
    };
    const { blocks } = timer.sections({ ...parts.timer, divergence })[0] ?? { blocks: [] };
    return blocks.flatMap((block) => ('draw' in block && block.id === 'divergence' ? [block] : []))[0];
  };

  test('the predicted line has the predicted slope', () => {
    expect(lineAt(1e-9)?.data.rows.filter(([series]) => series === 'predicted')).toEqual([
      ['predicted', 0, 0],
      ['predicted', 3, 3],
    ]);
  });

  test.each([
    [1.1e-9, 'The TSC deadline runs ahead of the ktime deadline by 1.10 ns a second, as predicted'],
    [
      -2e-9,
      'The TSC deadline falls behind the ktime deadline by 2.00 ns a second, where 1.00 ns a second was predicted',
    ],
    [1.29e-9, 'The TSC deadline runs ahead of the ktime deadline by 1.29 ns a second, as predicted'],
    [
      1.31e-9,
      'The TSC deadline runs ahead of the ktime deadline by 1.31 ns a second, where 1.00 ns a second was predicted',
    ],
    [2.9e-10, 'The TSC deadline and the ktime deadline stay together'],
    [
      3.1e-10,
      'The TSC deadline runs ahead of the ktime deadline by 0.31 ns a second, where 1.00 ns a second was predicted',
    ],
  ])('a slope of %d is put into words', (rate, title) => {
    expect(lineAt(rate)?.title).toBe(title);
  });
});

test('a true rate is good news, its absence a note', () => {
  const trueRate = { hz: 2.596e9, errorRatio: 1e-8, reference: 'chrony' };
  const { level, text } = calibrate.verdict({ ...parts.calibrate, trueRate });
  expect(level).toBe('good');
  expect(text).toMatch(/ By chrony, its true rate is 2596\.000 000 MHz \+\/- 10 ppb\.$/);
  expect(calibrate.verdict({ ...parts.calibrate, independent: true }).text).not.toContain(
    'made from the TSC',
  );
});

test.each([
  ['readable', false, 'bad', 'The TSC cannot be read from user space; '],
  ['invariant', false, 'bad', 'The TSC is not invariant, so its rate may change; '],
  ['invariant', null, 'unknown', 'Whether the TSC is invariant is not known; '],
  ['invariant', true, 'good', 'The TSC is invariant and '],
] as const)('host: TSC %s: %s', (name, value, level, start) => {
  const fact = value === null ? { value, reason: 'r' } : { value, source: 's' };
  const verdict = host.verdict({ ...parts.host, tsc: { ...parts.host.tsc, [name]: fact } });
  expect(verdict.level).toBe(level);
  expect(verdict.text).toBe(
    `${start}the kernel keeps time by clocksource tsc. The host is itself a guest of KVM.`,
  );
});
