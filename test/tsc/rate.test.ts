import { describe, expect, test } from 'vitest';
import { quietControl } from '../../src/clock/control.ts';
import { known } from '../../src/host/fact.ts';
import { span } from '../../src/tsc/bracket.ts';
import { calibrate } from '../../src/tsc/calibrate.ts';
import { objectionTo, rateOf } from '../../src/tsc/rate.ts';
import type { BracketSource } from '../../src/tsc/source.ts';
import { AMD, type Faults, INTEL, modelledHost } from './modelled-host.ts';
import { scriptedHost } from './scripted-host.ts';

const MS = 1e6;

const calibrated = (source: BracketSource, durationNs = 100 * MS) =>
  calibrate({ clock: 'monotonic_raw', durationNs }, source, quietControl);

const chosen = (source: BracketSource, durationNs = 100 * MS) => {
  const { estimator, estimatorReason } = calibrated(source, durationNs).result;
  return [estimator, estimatorReason];
};

describe('which estimator a run gets, and why, in its document', () => {
  test('reads on the lattice', () => {
    expect(chosen(modelledHost(INTEL, 1))).toEqual([
      'lattice',
      "one straight line on the counter's lattice of 2 ticks, every bracket explained",
    ]);
    expect(chosen(modelledHost(AMD, 1))).toEqual([
      'lattice',
      "one straight line on the counter's lattice of 26 ticks, every bracket explained",
    ]);
  });

  const amd = (faults: Faults) => chosen(modelledHost(AMD, 1, faults));

  test('a few reads that no place explains, and too many', () => {
    expect(amd({ shifted: 0.004 })).toEqual([
      'lattice',
      expect.stringMatching(/of 26 ticks, 0\.\d+ % of the brackets unexplained$/),
    ]);
    expect(amd({ shifted: 0.03 })).toEqual([
      'least-squares',
      expect.stringMatching(/^the counter's lattice leaves [23]\.\d % of the brackets unexplained$/),
    ]);
  });

  test('a clock that is steered by parts of a nanosecond', () => {
    const bentBy = (ns: number) => 0.5 * Math.sin((Math.PI * ns) / (100 * MS));
    expect(chosen(modelledHost(INTEL, 1, { bentBy }))).toEqual([
      'least-squares',
      'the clock bends by parts of a nanosecond, as one that the kernel steers does',
    ]);
  });

  test('a clock with a counter of its own', () => {
    const source = { ...modelledHost(AMD, 1), clocksource: () => known('hpet', 'test') };
    expect(chosen(source)).toEqual([
      'least-squares',
      'the clock has a counter of its own, and no lattice with the TSC',
    ]);
  });

  test('a clock whose steps are coarser than its reads', () => {
    expect(chosen(scriptedHost([], { resolution: 1000, clocksource: 'hpet' }))).toEqual([
      'bounds',
      "the clock's steps are coarser than the noise of its reads",
    ]);
  });

  test('a rate that wanders', () => {
    const wander = Array.from({ length: 40 }, (_, i) => ({
      atNs: 10 * MS * (i + 1),
      change: (counters: { steered: number }) => {
        counters.steered = 1 + 0.5e-6 * Math.sin(i / 6);
      },
    }));
    const { result } = calibrate(
      { clock: 'monotonic', durationNs: 400 * MS },
      scriptedHost(wander),
      quietControl,
    );
    expect([result.estimator, result.estimatorReason]).toEqual([
      'bounds',
      'no single rate fits all brackets: the mean between the ends',
    ]);
  });

  test('too few brackets, and as many as it takes', () => {
    const { brackets } = calibrated(modelledHost(INTEL, 1), 10 * MS);
    expect(rateOf(span(brackets, 0, 100))).toMatchObject({
      estimator: 'least-squares',
      estimatorReason: 'too few brackets to find their places on the counter lattice',
    });
    expect(rateOf(span(brackets, 0, 400))).toMatchObject({ estimator: 'lattice' });
    expect(rateOf(brackets, 0)).toMatchObject({
      estimator: 'least-squares',
      estimatorReason: 'the lattice was not asked',
    });
  });
});

describe('what speaks against the lattice', () => {
  const fit = { ticksPerNs: 2.5, standardErrorRatio: 1e-10, samples: 1000, bendRatio: 1e-10 };
  const bounds = { low: 2.5 * (1 - 1e-9), high: 2.5 * (1 + 1e-9) };
  const lattice = {
    ticksPerNs: 2.5,
    standardErrorRatio: 1e-12,
    samples: 1000,
    stepTicks: 26,
    misfitRatio: 0.01,
    bend: 15,
  };
  const objection = (change: Partial<typeof lattice>, low = bounds.low) =>
    objectionTo({ ...lattice, ...change }, fit, { ...bounds, low });

  test('nothing at the limits', () => {
    expect(objection({})).toBeNull();
    expect(objection({ standardErrorRatio: 1e-10, ticksPerNs: 2.5 * (1 + 5.99e-10) })).toBeNull();
    expect(objection({}, 2.5)).toBeNull();
  });

  test.each([
    ['more than 1 % misfits', { misfitRatio: 0.0101 }, /leaves 1\.0 % of the brackets unexplained$/],
    ['a bend of more than 15', { bend: 15.1 }, /^the clock bends/],
    ['6 standard errors away', { ticksPerNs: 2.5 * (1 - 6.01e-10) }, /are 0\.60 ppb apart$/],
    ['a poorer standard error', { standardErrorRatio: 1.01e-10 }, /^least squares has the smaller/],
  ])('%s', (_, change, reason) => expect(objection(change)).toMatch(reason));

  test('a rate outside the certain bounds', () => {
    expect(objection({}, 2.5 * (1 + 1e-12))).toMatch(/outside the certain bounds$/);
    expect(objection({ ticksPerNs: 2.5 * (1 + 5e-10) }, 2.5)).toBeNull();
    expect(objectionTo(lattice, fit, { low: 2, high: 2.5 * (1 - 1e-12) })).toMatch(/outside/);
  });
});
