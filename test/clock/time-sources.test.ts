import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HostClock } from '../../src/clock/host.ts';
import { ScriptedClock } from '../../src/clock/scripted.ts';
import { KTIME, ktimeOf, type TimeSource, TSC, tscOf } from '../../src/clock/time-source.ts';
import { VirtualClock } from '../../src/clock/virtual.ts';
import { WarpedClock } from '../../src/clock/warped.ts';

/** Each source, and how to let some of its time pass. */
const sources: ReadonlyArray<readonly [string, () => { clock: TimeSource; pass: () => void }]> = [
  ['host', () => ({ clock: new HostClock(), pass: () => {} })],
  [
    'warped',
    () => {
      const clock = new WarpedClock(new HostClock());
      return { clock, pass: () => clock.leap(1_000n, 2_600n) };
    },
  ],
  [
    'scripted',
    () => {
      const clock = new ScriptedClock();
      let step = 0n;
      return { clock, pass: () => clock.set(++step * 1_000n, step * 2_600n) };
    },
  ],
  [
    'virtual',
    () => {
      const clock = new VirtualClock(2_600_000);
      return { clock, pass: () => clock.advance(1_000n) };
    },
  ],
];

describe.each(sources)('the %s source', (_name, create) => {
  test('keeps one array and fills it only when read', () => {
    const { clock, pass } = create();
    const { reading } = clock;
    clock.read();
    const [ktime, tsc] = reading;
    pass();
    expect([...reading]).toEqual([ktime, tsc]);
    clock.read();
    expect(clock.reading).toBe(reading);
  });

  test('moves both clocks forward', () => {
    const { clock, pass } = create();
    clock.read();
    const [ktime, tsc] = [ktimeOf(clock), tscOf(clock)];
    for (let i = 0; i < 1_000; i++) {
      pass();
      clock.read();
    }
    expect(ktimeOf(clock)).toBeGreaterThan(ktime);
    expect(tscOf(clock)).toBeGreaterThan(tsc);
  });

  test('shows the TSC as an unsigned word', () => {
    const { clock } = create();
    clock.reading[TSC] = -1n;
    expect(tscOf(clock)).toBe(2n ** 64n - 1n);
  });
});

test('a warped clock is its source moved forward by what it leapt in all', () => {
  const source = new ScriptedClock();
  const clock = new WarpedClock(source);
  source.set(100n, 2n ** 63n);
  clock.leap(30n * 86_400n * 1_000_000_000n, 2n ** 62n);
  clock.leap(1n, 1n);
  clock.read();
  expect(ktimeOf(clock)).toBe(100n + 30n * 86_400n * 1_000_000_000n + 1n);
  expect(tscOf(clock)).toBe(2n ** 63n + 2n ** 62n + 1n);
  expect(() => clock.leap(-1n, 0n)).toThrow(RangeError);
});

test('virtual time loses no cycle, however the steps are cut', () => {
  const steps = fc.array(fc.bigInt({ min: 0n, max: 10n ** 16n }), { maxLength: 30 });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2 ** 32 }), steps, (khz, cuts) => {
      const clock = new VirtualClock(khz);
      for (const cut of cuts) clock.advance(cut);
      clock.read();
      const total = cuts.reduce((sum, cut) => sum + cut, 0n);
      expect(clock.reading[KTIME]).toBe(total);
      expect(tscOf(clock)).toBe(BigInt.asUintN(64, (total * BigInt(khz)) / 1_000_000n));
    }),
  );
});

test.each([0, -1, 1.5, Number.NaN, 2 ** 33])('a virtual TSC at %d kHz is refused', (khz) => {
  expect(() => new VirtualClock(khz)).toThrow(RangeError);
});
