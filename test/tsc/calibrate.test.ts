import { expect, test } from 'vitest';
import { quietControl } from '../../src/clock/control.ts';
import { calibrate } from '../../src/tsc/calibrate.ts';
import { AMD, modelledHost, TRUE_HZ } from './modelled-host.ts';
import { scriptedHost } from './scripted-host.ts';

const notAsked = {
  trueRate: null,
  trueRateReason: 'no independent reference was asked',
  convergence: [],
  claims: [],
  cpus: [],
  cpusReason: 'the other CPUs were not asked',
};

test('all that a run says: reads on the lattice of a host whose ratio is known', () => {
  const { result, warnings, brackets } = calibrate(
    { clock: 'monotonic_raw', durationNs: 2e6 },
    modelledHost(AMD, 3),
    quietControl,
  );
  const tick = 1e9 / TRUE_HZ;
  expect(result).toEqual({
    clock: 'monotonic_raw',
    tscHz: expect.closeTo(TRUE_HZ, 0),
    // A window at either end of 2 ms.
    tscHzLow: expect.closeTo(2_596_079_258, 0),
    tscHzHigh: expect.closeTo(2_596_181_206, 0),
    standardErrorRatio: expect.closeTo(1.24e-10, 12),
    estimator: 'lattice',
    estimatorReason: "one straight line on the counter's lattice of 26 ticks, every bracket explained",
    independent: false,
    durationNs: 2_049_540,
    samples: 7759,
    rejected: { wideWindow: 17, cpuChanged: 0, clockDisturbed: 0 },
    window: {
      minNs: expect.closeTo(104 * tick, 6),
      medianNs: expect.closeTo(130 * tick, 6),
      p99Ns: expect.closeTo(156 * tick, 6),
    },
    granularityTicks: 26,
    kernel: {
      clocksource: 'tsc',
      derivedFromTsc: true,
      tscKhz: 2_596_130,
      mult: 6_462_394,
      shift: 24,
      hz: TRUE_HZ,
      offsetRatio: result.tscHz / TRUE_HZ - 1,
    },
    kernelReason: null,
    ...notAsked,
    events: [],
  });
  expect(warnings).toEqual([]);
  expect(brackets.ns.length).toBe(7759);
});

test('all that a run says: a clock that was set on the way, and that the kernel steers', () => {
  const set = {
    atNs: 30e6,
    change: (host: { realtimeOffset: number }) => {
      host.realtimeOffset += 5e6;
    },
  };
  const { result, warnings } = calibrate(
    { clock: 'realtime', durationNs: 1e8 },
    scriptedHost([set]),
    quietControl,
  );
  const event = {
    atNs: expect.closeTo(32.4e6, -5),
    kind: 'step',
    detail: 'realtime was set forward by 5.00 ms',
  };
  expect(result).toMatchObject({
    independent: false,
    // 100 ms by that clock are 95, of which 65 after the step.
    durationNs: expect.closeTo(64.56e6, -5),
    rejected: { wideWindow: 2, cpuChanged: 0, clockDisturbed: 3872 },
    granularityTicks: 1,
    kernel: {
      clocksource: 'tsc',
      derivedFromTsc: true,
      tscKhz: null,
      mult: null,
      shift: null,
      hz: null,
      offsetRatio: null,
    },
    kernelReason: 'the kernel steers realtime; only monotonic_raw shows its own ratio',
    ...notAsked,
    events: [event],
  });
  expect(warnings.map(({ code, message }) => [code, message])).toEqual([
    [
      'step',
      '32.4 ms into the run: realtime was set forward by 5.00 ms; the rate is that of the longest part without a disturbance.',
    ],
  ]);
});

test('what is cancelled before anything was measured says so, and so does a clock that stands still', () => {
  const still = { ...scriptedHost(), wait: () => {} };
  const standing = {
    ...still,
    readBrackets: (_: string, out: BigInt64Array) => {
      for (let i = 0; i < out.length; i += 4) out.set([10n, 5n, 20n, 0n], i);
    },
  };
  let asked = 0;
  const cancelledAfter = (count: number) => ({ progress: () => {}, cancelled: () => ++asked > count });
  expect(() => calibrate({ clock: 'tai', durationNs: 1e6 }, standing, cancelledAfter(0))).toThrow(
    expect.objectContaining({
      code: 'INTERRUPTED',
      message: 'calibrate: interrupted before anything was measured.',
    }),
  );
  // Cancelled so that it ends, and not any more when it is asked for the reason.
  let left = 1;
  const once = { progress: () => {}, cancelled: () => left-- > 0 };
  expect(() => calibrate({ clock: 'tai', durationNs: 1e6 }, standing, once)).toThrow(
    expect.objectContaining({
      code: 'UNSUPPORTED',
      message: 'calibrate: the clock tai hardly moves against the TSC on this host.',
    }),
  );
});

test('a thread that moved between two reads leaves the bracket out, and the count says it', () => {
  const host = scriptedHost();
  let rows = 0;
  const moving = {
    ...host,
    readBrackets: (...[clock, out]: Parameters<typeof host.readBrackets>) => {
      host.readBrackets(clock, out);
      // One row of the run in a hundred, none of the looks at other clocks.
      for (let i = 3; clock === 'monotonic_raw' && out.length === 64 && i < out.length; i += 4)
        if (++rows % 100 === 0) out[i] = -1n;
    },
  };
  const { result } = calibrate({ clock: 'monotonic_raw', durationNs: 1e6 }, moving, quietControl);
  // Of all rows but those of the four batches that warm up, or one more or less.
  expect(Math.abs(result.rejected.cpuChanged - (rows - 64) / 100)).toBeLessThanOrEqual(1);
  expect(Math.abs(result.tscHz / 2_596_120_121.583 - 1)).toBeLessThan(1e-6);
});
