import { describe, expect, test } from 'vitest';
import { untracedStop } from '../../src/kvm/expiries.ts';
import type { Guest } from '../../src/kvm/guest.ts';
import { emptyRecording, type NotedMoment, type Recording } from '../../src/kvm/recording.ts';
import { type GuestStopOptions, inPeriod, stopGuest, threadCpu, tooLongToTrace } from '../../src/kvm/stop.ts';
import { timerSetup } from '../../src/kvm/timer-setup.ts';
import type { NativeGuest } from '../../src/native.ts';

const PERIOD = 1_000_000;
const START = 10_000_000_000n;
const LATE = 20_000n;
const ENTRY_NS = 3_000n;
const READING_NS = 2_000n;

interface Host {
  /** How long a reading of the count takes. */
  readonly readingNs?: bigint;
  /** The call of `runFor` or `waitUntil`, from 1, that is cancelled. */
  readonly cancelAt?: number;
}

/** A guest in virtual time whose timer keeps its grid. */
function virtualGuest({ readingNs = READING_NS, cancelAt = Number.POSITIVE_INFINITY }: Host = {}) {
  const calls: string[] = [];
  const recording = emptyRecording();
  let now = START;
  let running = false;
  let waits = 0;
  let toSet = true;
  /** The thread uses 100 ns of CPU time a tick. */
  const moment = (ktime: bigint): NotedMoment => ({
    ktime,
    tsc: 2n * ktime,
    cpuNs: (ktime - START) / 10_000n,
  });
  const due = () => {
    const tick = (now - START - LATE) / BigInt(PERIOD) + 1n;
    return START + tick * BigInt(PERIOD) + LATE;
  };
  const advance = (to: bigint) => {
    for (let next = due(); running && next <= to; next = due()) {
      now = next;
      recording.deliveries.push(moment(next));
    }
    if (to > now) now = to;
  };
  const cancelled = () => ++waits === cancelAt;
  const read = (bracket: BigInt64Array, count: number): number => {
    calls.push(`count ${now - START}`);
    bracket[0] = now;
    now += readingNs;
    bracket[1] = now;
    return count;
  };
  const native = {
    threadId: () => 77,
    readStats: () => ({ exits: recording.deliveries.length, halts: 5 }),
    saveLapic: (bracket: BigInt64Array) => read(bracket, 12_500),
    currentCount: (bracket: BigInt64Array) => read(bracket, 40_000),
    restoreLapic: () => {
      calls.push('restore');
      toSet = true;
    },
  } as unknown as NativeGuest;
  const guest: Guest = {
    native,
    recording,
    started: () => [recording.setting[0]?.ktime ?? 0n, recording.set[0]?.ktime ?? 0n],
    now: () => now,
    update: () => {},
    cancelled: () => false,
    resumeLatencyNs: () => ENTRY_NS,
    runFor: (count) => {
      if (cancelled()) return false;
      if (!running) {
        if (toSet) {
          recording.setting.push(moment(now - 100n));
          recording.set.push(moment(now + 100n));
          toSet = false;
        }
        recording.entered.push(moment(now + ENTRY_NS));
        calls.push(`run ${now + ENTRY_NS - START}`);
        running = true;
      }
      const wanted = recording.deliveries.length + count;
      while (recording.deliveries.length < wanted) advance(due());
      return true;
    },
    pause: () => {
      running = false;
      recording.left.push(moment(now));
      calls.push(`pause ${now - START}`);
    },
    waitUntil: (ktime) => {
      if (cancelled()) return false;
      advance(ktime);
      return true;
    },
  };
  const trace = {
    prepare: () => {
      calls.push('trace');
    },
    watchResume: (_: Guest, periodNs: number) => {
      calls.push(`watch ${periodNs}`);
    },
    resume: (_: Guest, resumed: NotedMoment, periodNs: number, tscKhz: number) =>
      untracedStop(`from ${resumed.ktime - START}, ${periodNs}, ${tscKhz}`),
  };
  return { guest, trace, calls };
}

const options: GuestStopOptions = {
  loop: 'halt',
  stop: 'pause',
  setup: timerSetup(PERIOD, 16, 0),
  stopNs: 100_000_000,
  ticks: 50,
  trace: 'auto',
  tscKhz: 2_000_000,
};
const stopOf = (changes: Partial<GuestStopOptions> = {}, host: Host = {}) => {
  const { guest, trace, calls } = virtualGuest(host);
  const record = stopGuest(guest, { ...options, ...changes }, trace);
  return { record, calls, guest };
};

test('a guest is stopped 0.8 into a period, its count is read thrice, and it is resumed in the middle of one', () => {
  const { record, calls, guest } = stopOf();
  expect(calls).toEqual([
    'trace',
    'run 3000',
    'pause 51800100',
    'count 81300100',
    'count 101500100',
    'count 131700100',
    `watch ${PERIOD}`,
    'run 151500100',
    'pause 201020000',
  ]);
  const resumed = 151_500_100;
  const counted = (at: number) => ({
    atNs: at + 1_000 - resumed,
    uncertaintyNs: 1_000,
    remainingNs: 640_000,
  });
  expect(record).toEqual({
    loop: 'halt',
    stop: 'pause',
    periodNs: PERIOD,
    divide: 16,
    startNs: [-100 - resumed, 100 - resumed],
    leftNs: 51_800_100 - resumed,
    deliveriesNs: guest.recording.deliveries.map(({ ktime }) => Number(ktime - START) - resumed),
    counts: [counted(81_300_100), counted(101_500_100), counted(131_700_100)],
    saved: null,
    restoredNs: null,
    cpu: { recoveryNs: 152, usualNs: expect.closeTo(151.98, 1) },
    activity: {
      before: { stats: { exits: 50 }, interruptShare: expect.toBeOneOf([null, expect.any(Number)]) },
      after: { stats: { exits: 50 }, interruptShare: expect.toBeOneOf([null, expect.any(Number)]) },
    },
    kernel: untracedStop(`from ${resumed}, ${PERIOD}, 2000000`),
  });
  // 51 before, one of which came while the moment of the stop was waited for.
  expect(record?.deliveriesNs.filter((ns) => ns < 0)).toHaveLength(51);
  expect(record?.deliveriesNs).toHaveLength(101);
});

test('its local APIC is saved first and put back last', () => {
  const { record, calls } = stopOf({ stop: 'save-restore', resumeAt: 0.25 });
  expect(calls.slice(2)).toEqual([
    'pause 51800100',
    'count 51800100',
    'count 81300100',
    'count 101500100',
    'count 131700100',
    'restore',
    `watch ${PERIOD}`,
    'run 151250100',
    'pause 201020000',
  ]);
  const resumed = 151_250_100;
  expect(record).toMatchObject({
    stop: 'save-restore',
    saved: { atNs: 51_801_100 - resumed, uncertaintyNs: 1_000, remainingNs: 200_000 },
    // Set on the way into the guest.
    restoredNs: [-3_100, -2_900],
  });
});

test('where readings take longer than the stop, it is resumed a period after them, in the middle of one all the same', () => {
  const { record, calls } = stopOf({}, { readingNs: 60_000_000n });
  const resumed = Number(calls.at(-2)?.replace('run ', ''));
  const lastRead = Number(calls.at(-4)?.replace('count ', '')) + 60_000_000;
  expect((resumed - 100) % PERIOD).toBe(500_000);
  expect(resumed - lastRead).toBeGreaterThanOrEqual(PERIOD / 2);
  expect(resumed - lastRead).toBeLessThanOrEqual((3 * PERIOD) / 2);
  expect(record?.counts.map(({ uncertaintyNs }) => uncertaintyNs)).toEqual([3e7, 3e7, 3e7]);
});

test('cancelled at any of its waits it has nothing', () => {
  const records = [1, 2, 3, 4, 5, 6, 7, 8].map((cancelAt) => stopOf({}, { cancelAt }).record);
  expect(records.map((record) => record === null)).toEqual([true, true, true, true, true, true, true, false]);
});

describe("the CPU time of the vCPU's thread", () => {
  const moment = (ns: number, cpuNs: number): NotedMoment => ({
    ktime: BigInt(ns),
    tsc: 0n,
    cpuNs: BigInt(cpuNs),
  });
  const cpu = (...deliveries: NotedMoment[]) =>
    threadCpu({ deliveries } as unknown as Recording, moment(1000, 500), 100);

  test('from the resume to the first interrupt a period later, and at the rate of before', () => {
    // 30 ns in 300 before; 120 after the resume.
    expect(
      cpu(moment(100, 10), moment(400, 40), moment(1099, 580), moment(1100, 590), moment(1200, 700)),
    ).toEqual({
      recoveryNs: 90,
      usualNs: 10,
    });
  });

  test.each([
    ['no interrupt a period after it', [moment(100, 10), moment(400, 40), moment(1099, 580)]],
    ['none before', [moment(1100, 590)]],
    ['one before', [moment(400, 40), moment(1100, 590)]],
  ])('is not known with %s', (_, deliveries) => {
    expect(cpu(...deliveries)).toBeNull();
  });
});

test('a stop of more than 50,000 periods is not traced', () => {
  expect(tooLongToTrace(50_000 * 200_000, 200_000)).toBeNull();
  expect(tooLongToTrace(50_000 * 200_000 + 1, 200_000)).toBe(
    'a burst of more than 50,000 callbacks would take too long when traced',
  );
});

test('a guest is resumed half a period after the old grid, whatever the moment', () => {
  const start = 12_345n;
  for (const ktime of [10n ** 12n, 10n ** 12n + 999_999n]) {
    const moment = inPeriod(ktime, start, 1_000_000, 0.5);
    expect((moment - start) % 1_000_000n).toBe(500_000n);
    expect(Math.abs(Number(moment - ktime))).toBeLessThanOrEqual(500_000);
  }
});
