import { describe, expect, test } from 'vitest';
import { quietControl } from '../../src/clock/control.ts';
import type { ClockName } from '../../src/host/clocks.ts';
import { calibrate } from '../../src/tsc/calibrate.ts';
import { type Counters, type Incident, scriptedHost, TSC_AT_START } from './scripted-host.ts';

const HZ = 2_596_120_121.583;
const MS = 1e6;
const S = 1e9;

const run = (
  clock: ClockName,
  incidents: readonly Incident[],
  durationNs = S,
  initial: Partial<Counters> = {},
  seed = 1,
) => calibrate({ clock, durationNs }, scriptedHost(incidents, initial, seed), quietControl);

const kinds = ({ result }: ReturnType<typeof run>) => result.events.map(({ kind }) => kind);

/** The rate of the undisturbed part, to a part per billion, and inside the hard interval. */
function expectRate({ result }: ReturnType<typeof run>, hz: number): void {
  expect(Math.abs(result.tscHz / hz - 1)).toBeLessThan(1e-9);
  expect(result.tscHzLow).toBeLessThanOrEqual(hz);
  expect(result.tscHzHigh).toBeGreaterThanOrEqual(hz);
}

const at = (atNs: number, change: Incident['change']): Incident => ({ atNs, change });

test.each([1 * MS, 10 * MS, 100 * MS, S, 60 * S])(
  'nothing is reported where nothing happens, in %d ns',
  (duration) => {
    const done = run('monotonic_raw', [], duration);
    expect(done.result.events).toEqual([]);
    expect(done.warnings).toEqual([]);
    expect(done.result.rejected.clockDisturbed).toBe(0);
    expect(Math.abs(done.result.tscHz / HZ - 1)).toBeLessThan((1e-9 * S) / duration);
  },
);

test('a step of the measured clock is named, and only the longer side counts', () => {
  const done = run('realtime', [
    at(0.3 * S, (host) => {
      host.realtimeOffset += 5 * MS;
    }),
  ]);
  expect(kinds(done)).toEqual(['step']);
  expect(done.result.events[0]?.detail).toBe('realtime was set forward by 5.00 ms');
  expect(done.result.events[0]?.atNs).toBeGreaterThan(0.29 * S);
  expect(done.result.events[0]?.atNs).toBeLessThan(0.32 * S);
  expect(done.result.rejected.clockDisturbed).toBeGreaterThan(0);
  expect(done.result.durationNs).toBeGreaterThan(0.6 * S);
  expect(done.warnings.map(({ code }) => code)).toEqual(['step']);
  expectRate(done, HZ);
});

test('a step of another clock is told, but costs nothing', () => {
  const done = run('monotonic_raw', [
    at(0.3 * S, (host) => {
      host.realtimeOffset -= 2 * MS;
    }),
  ]);
  expect(kinds(done)).toEqual(['step']);
  expect(done.result.events[0]?.detail).toContain('back by 2.00 ms; monotonic_raw is not affected');
  expect(done.result.rejected.clockDisturbed).toBe(0);
  expectRate(done, HZ);
});

test('a small step, of a few windows, is found too', () => {
  const done = run('realtime', [
    at(0.7 * S, (host) => {
      host.realtimeOffset -= 400;
    }),
  ]);
  expect(kinds(done)).toEqual(['step']);
  expectRate(done, HZ);
});

test.each(['monotonic', 'realtime'] as const)(
  'a slew of 500 ppm from midway is named a slew of %s',
  (clock) => {
    const done = run(clock, [
      at(0.55 * S, (host) => {
        host.steered = 1 + 500e-6;
      }),
    ]);
    expect(kinds(done)).toEqual(['slew']);
    expect(done.result.events[0]?.detail).toContain('+500 ppm');
    expectRate(done, HZ);
  },
);

test('a slew leaves the raw clock, and a calibration by it, alone', () => {
  const done = run('monotonic_raw', [
    at(0.55 * S, (host) => {
      host.steered = 1 + 500e-6;
    }),
  ]);
  expect(kinds(done)).toEqual([]);
  expectRate(done, HZ);
});

test.each(['monotonic_raw', 'monotonic'] as const)(
  'a migration to a TSC 200 ppm faster is the counter, not %s',
  (clock) => {
    const done = run(clock, [
      at(0.45 * S, (host) => {
        host.ticksPerNs *= 1 + 200e-6;
      }),
    ]);
    expect(kinds(done)).toEqual(['counter-rate-change']);
    expect(done.result.events[0]?.detail).toContain('+200 ppm');
    expectRate(done, HZ * (1 + 200e-6));
  },
);

test('a migration that also moves the counter shows both', () => {
  const done = run('monotonic_raw', [
    at(0.45 * S, (host) => {
      host.ticksPerNs *= 1 + 200e-6;
      host.tsc += 1e9;
    }),
  ]);
  expect(kinds(done)).toEqual(['counter-step', 'counter-rate-change']);
  expectRate(done, HZ * (1 + 200e-6));
});

describe('a suspended interval', () => {
  test.each(['monotonic_raw', 'monotonic'] as const)('with the TSC running on, by %s', (clock) => {
    const done = run(clock, [
      at(0.4 * S, (host) => {
        host.tsc += 30 * HZ;
        host.suspended += 30 * S;
      }),
    ]);
    expect(kinds(done)).toEqual(['suspend']);
    expect(done.result.events[0]?.detail).toBe('the system was suspended for 30.0 s');
    expectRate(done, HZ);
  });

  test('with the TSC starting again from nothing', () => {
    const done = run('monotonic_raw', [
      at(0.4 * S, (host) => {
        host.tsc = 1e6 - Number(TSC_AT_START);
        host.suspended += 30 * S;
      }),
    ]);
    expect(kinds(done)).toContain('suspend');
    expect(kinds(done)).toContain('counter-backwards');
    expectRate(done, HZ);
  });
});

test('a counter that goes backwards is named, and no bracket spans it', () => {
  const done = run('monotonic_raw', [
    at(0.6 * S, (host) => {
      host.tsc -= 1e7;
    }),
  ]);
  expect(kinds(done)).toEqual(['counter-backwards']);
  expect(done.result.events[0]?.detail).toContain('3.85 ms');
  expectRate(done, HZ);
});

test('a change of clocksource is followed: the longer part counts, under its own name', () => {
  const done = run('monotonic_raw', [
    at(0.3 * S, (host) => {
      host.clocksource = 'hpet';
      host.resolution = 70;
      host.ticksPerNs *= 1 + 30e-6;
    }),
  ]);
  expect(kinds(done)).toContain('clocksource-change');
  expect(done.result.kernel).toMatchObject({ clocksource: 'hpet', derivedFromTsc: false, mult: null });
  expect(done.result.independent).toBe(true);
  expect(Math.abs(done.result.tscHz / (HZ * (1 + 30e-6)) - 1)).toBeLessThan(1e-7);
});

test('several disturbances in one run are all named', () => {
  const done = run('realtime', [
    at(0.1 * S, (host) => {
      host.realtimeOffset += MS;
    }),
    at(0.2 * S, (host) => {
      host.realtimeOffset -= 3 * MS;
    }),
    at(0.8 * S, (host) => {
      host.steered = 1 - 100e-6;
    }),
  ]);
  expect(kinds(done)).toEqual(['step', 'step', 'slew']);
  expectRate(done, HZ);
});

test('a rate that only wanders is averaged, and said to wander', () => {
  const wander = Array.from({ length: 60 }, (_, i) =>
    at(i * S, (host) => {
      host.steered = 1 + 3e-7 * Math.sin(i / 5);
    }),
  );
  const done = run('monotonic', wander, 60 * S);
  expect(kinds(done)).toEqual([]);
  expect(done.warnings.map(({ code }) => code)).toEqual(['rate-wanders']);
  expect(Math.abs(done.result.tscHz / HZ - 1)).toBeLessThan(3e-7);
});

test('a straight part counts for more than a wandering one up to four times as long', () => {
  const wandering = (fromS: number) => [
    at(fromS * S, (host) => {
      host.realtimeOffset += 5 * MS;
    }),
    ...Array.from({ length: 30 }, (_, i) =>
      at((fromS + (i * (1 - fromS)) / 30) * S, (host) => {
        host.steered = 1 + 0.6e-6 * Math.sin(i / 4);
      }),
    ),
  ];
  const straight = run('realtime', wandering(0.3));
  expect(straight.result.durationNs).toBeLessThan(0.32 * S);
  expect(straight.warnings.map(({ code }) => code)).not.toContain('rate-wanders');
  const wanders = run('realtime', wandering(0.15));
  expect(wanders.result.durationNs).toBeGreaterThan(0.8 * S);
  expect(wanders.warnings.map(({ code }) => code)).toContain('rate-wanders');
});
