import { expect, test } from 'vitest';
import { untraced } from '../../src/kvm/expiries.ts';
import type { NotedMoment } from '../../src/kvm/recording.ts';
import { stallGuest } from '../../src/kvm/stall.ts';
import type { StallRecord } from '../../src/kvm/stall-finding.ts';
import { stallResultOf } from '../../src/kvm/stall-finding.ts';

const PERIOD = 400_000;
const LATE = 50_000;
const BEGIN = 1_000_000_000n;
const base: StallRecord = {
  periodNs: PERIOD,
  usualLatenessNs: 0,
  stalls: [],
  reason: null,
  trace: untraced('not asked for'),
};

interface Settings {
  readonly kernel?: 'clamps' | 'catches-up';
  readonly timerNs?: number;
  /** Timers that the process may have. */
  readonly most?: number;
  /** After how many bursts it is cancelled. */
  readonly bursts?: number;
  /** Whether a burst, by its number, is armed in time. */
  readonly armed?: (burst: number) => boolean;
  /** By the burst's number: how long after the instant the watching process was interrupted, and kept too long. */
  readonly startNs?: (burst: number) => number;
  readonly excess?: (burst: number) => number;
}

/** A host in virtual time, whose guest's timer runs late while other timers of its CPU are due. */
function host(settings: Settings = {}) {
  const { kernel = 'clamps', timerNs = 120, most = 100_000, bursts = Infinity } = settings;
  const { armed = () => true, startNs = () => 0, excess = () => 1 } = settings;
  const deliveries: NotedMoment[] = [];
  /** Interrupts that the guest was left to run for, after each burst. */
  const ran: number[] = [];
  const strikes: { readonly count: number; readonly leadNs: number; readonly instant: bigint }[] = [];
  /** Where in the old grid's period each delay ended. */
  const ends: number[] = [];
  let now = BEGIN;
  let due = BEGIN + BigInt(PERIOD);
  const deliver = (at: bigint) => deliveries.push({ ktime: at + BigInt(LATE), tsc: 0n, cpuNs: 0n });
  const advance = (to: bigint) => {
    for (; due + BigInt(LATE) <= to; due += BigInt(PERIOD)) deliver(due);
    now = to;
  };
  const guest = {
    recording: { deliveries, entered: [], left: [], interrupted: [], setting: [], set: [] },
    started: () => [BEGIN, BEGIN] as const,
    now: () => now,
    update: () => {},
    cancelled: () => strikes.length >= bursts,
    runFor: (count: number) => {
      ran.push(count);
      advance(now + BigInt((count + 1) * PERIOD));
      return true;
    },
  };
  const burst = {
    timers: () => most,
    arm: (instant: bigint, count: number) => {
      strikes.push({ count, leadNs: Number(instant - now), instant });
      return armed(strikes.length);
    },
    watched: (out: BigInt64Array) => {
      const { instant, count } = strikes.at(-1) as (typeof strikes)[number];
      advance(instant);
      const end = instant + BigInt(count * timerNs);
      ends.push(((Number(end - BEGIN) - (Number(due - BEGIN) % PERIOD)) / PERIOD) % 1);
      if (due < end) {
        deliver(end);
        if (kernel === 'clamps') due = end;
        while (due <= end) due += BigInt(PERIOD);
      }
      now = end + 1n;
      out[0] = instant + BigInt(startNs(strikes.length));
      out[1] = instant + BigInt(Math.round(count * timerNs * excess(strikes.length)));
      return true;
    },
  };
  guest.runFor(40);
  return { guest, burst, strikes, ran, ends, secondsPassed: () => Number(now - BEGIN) / 1e9 };
}

const search = (settings: Settings, wanted = 8) => {
  const made = host(settings);
  return { ...made, record: stallGuest(made.guest, made.burst, wanted, base) };
};

test.each(['clamps', 'catches-up'] as const)(
  'bursts grow until a delay lasts three periods, and eight tell: %s',
  (kernel) => {
    const { record, strikes } = search({ kernel });
    expect(strikes.map(({ count }) => count)).toEqual([500, 2_000, 8_000, ...Array(7).fill(10_000)]);
    expect(record).toMatchObject({ usualLatenessNs: LATE, reason: null });
    expect(stallResultOf(record)).toMatchObject({
      verdict: kernel,
      tried: 8,
      grid: { unclear: 0 },
      latenessNs: { max: 1_000_000 },
    });
  },
);

test('a delay is aimed to end half a period from the old grid', () => {
  const { ends } = search({});
  // The first bursts are too short to know how long one takes.
  for (const share of ends.slice(1)) expect(share).toBeCloseTo(0.5, 2);
});

test("a hole in the watching process that begins more than 5 us after the instant is not the timers'", () => {
  const tried = (startNs: number) => search({ startNs: () => startNs, bursts: 12 }, 100).record.stalls.length;
  expect([tried(5_000), tried(5_001)]).toEqual([10, 0]);
});

test("a hole 1.3 times as long as the same timers took at best counts, a longer one is another task's", () => {
  const tried = (share: number) =>
    search({ excess: (burst) => (burst > 3 ? share : 1), bursts: 12 }, 100).record.stalls.length;
  expect([tried(1.3), tried(1.3001)]).toEqual([10, 1]);
});

test('the search ends after fifteen seconds, and says that the CPU has other work', () => {
  const { record, secondsPassed } = search({ startNs: () => 1_000_000 });
  expect(secondsPassed()).toBeGreaterThanOrEqual(15);
  expect(secondsPassed()).toBeLessThan(15.1);
  expect(record.reason).toMatch(
    /: it has other work to do, or the processes that own the timers were ended$/,
  );
});

test('a delay has forty interrupts on either side, and those of the three periods that it takes', () => {
  const { record, ran } = search({});
  expect(ran).toEqual([40, ...Array(10).fill(43)]);
  for (const { deliveriesNs } of record.stalls) expect(deliveriesNs.filter((ns) => ns < 0)).toHaveLength(43);
});

test('ten thousand timers are told 15 ms more ahead', () => {
  const leads = search({})
    .strikes.filter(({ count }) => count === 10_000)
    .map(({ leadNs }) => leadNs);
  for (const lead of leads) {
    expect(lead).toBeGreaterThanOrEqual(30e6);
    expect(lead).toBeLessThan(30e6 + PERIOD);
  }
  expect(leads).toHaveLength(7);
});

test('timers are told 15 ms ahead and 1.5 us for each; twice that where they came too late, 60 ms at most', () => {
  const { strikes } = search({ armed: () => false, bursts: 4 });
  const leads = strikes.map(({ leadNs, count }) => (leadNs - count * 1_500) / 1e6);
  // Up to a period more: the phase is aimed at.
  for (const [i, ms] of [15, 30, 60, 60].entries()) {
    expect(leads[i]).toBeGreaterThanOrEqual(ms);
    expect(leads[i]).toBeLessThan(ms + PERIOD / 1e6);
  }
});

test('as many timers as the process may have must reach two periods', () => {
  const reached = (most: number) => search({ most }).record;
  // 6,667 of 120 ns are 2.0001 periods.
  expect(reached(6_667)).toMatchObject({ reason: null });
  expect(reached(6_666).reason).toBe(
    '6666 timers, all that this process may have, delay a guest by 2.0 periods only',
  );
  expect(reached(100).reason).toBe(
    '100 timers, all that this process may have, delay a guest by 0.0 periods only',
  );
});

test('cancelled, it returns what it has', () => {
  const { record } = search({ bursts: 6 });
  expect(record).toMatchObject({ reason: null });
  expect(record.stalls).toHaveLength(3 + 1);
});

test('a burst whose end is not seen is looked for eleven times, then made again', () => {
  const { guest, burst, strikes } = host({ bursts: 2 });
  let looks = 0;
  const watched = () => {
    looks += 1;
    return false;
  };
  const record = stallGuest(guest, { ...burst, watched }, 8, base);
  expect([looks, strikes.length, record.stalls]).toEqual([22, 2, []]);
});
