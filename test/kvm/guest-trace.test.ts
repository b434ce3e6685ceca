import { describe, expect, test } from 'vitest';
import { ACCEPT, ENTRY, EXIT, HV_TIMER, START, WAIT } from '../../src/kvm/expiries.ts';
import type { Guest } from '../../src/kvm/guest.ts';
import { GuestTrace, type TraceMode } from '../../src/kvm/guest-trace.ts';
import type { NotedMoment } from '../../src/kvm/recording.ts';
import { type TracedEvent, TraceObstacle } from '../../src/kvm/tracefs.ts';

const PERIOD = 1_000_000;
const TSC_KHZ = 2_000_000;
const TIMER = 0xffffc900n;
const STARTED = 5_000_000n;

/** Two cycles a ns. */
const moment = (ktime: bigint): NotedMoment => ({ ktime, tsc: 2n * ktime, cpuNs: 0n });
const guestWith = (...ktimes: bigint[]) =>
  ({
    native: { threadId: () => 77 },
    recording: { deliveries: ktimes.map(moment) },
    started: () => [STARTED, STARTED + 100n],
  }) as unknown as Guest;
const guest = guestWith(6_000_000n, 9_000_000n);

const event = (name: string, ktime: bigint, fields: Record<string, bigint> = {}): TracedEvent => ({
  name,
  time: 2n * ktime,
  fields,
});
/** The timer is set to a time, by a callback that ran before where `late` is not null. */
const start = (at: bigint, expires: bigint, hrtimer = TIMER) => event(START, at, { hrtimer, expires });

/** A trace whose instance answers `take` with these, and lacks these events. */
function traceWith(taken: readonly (readonly TracedEvent[])[], lacks: readonly string[] = []) {
  const recorded: (readonly [event: string, fields: string, filter: string])[] = [];
  const takes = [...taken];
  let removed = 0;
  const trace = new GuestTrace('on', null, null, () => ({
    record: (name, fields, filter) => {
      if (lacks.includes(name)) throw new TraceObstacle(`no ${name}`);
      recorded.push([name, fields.join(' '), filter]);
    },
    take: () => [...(takes.shift() ?? [])],
    lost: () => 3,
    remove: () => {
      removed += 1;
    },
  }));
  return { trace, recorded, removed: () => removed };
}

describe('no trace, and why', () => {
  const reason = (...of: ConstructorParameters<typeof GuestTrace>) => {
    const trace = new GuestTrace(...of);
    trace.prepare(guest);
    trace.watchExpiries(guest, PERIOD);
    trace.watchResume(guest, PERIOD);
    trace.remove();
    const { available, reason } = trace.expiries(guest, PERIOD, TSC_KHZ);
    expect(available).toBe(false);
    expect(trace.resume(guest, moment(0n), PERIOD, TSC_KHZ)).toEqual({
      reason,
      callbacks: null,
      vcpu: null,
      lost: 0,
    });
    return reason;
  };
  const never = () => {
    throw new Error('it was opened');
  };

  test('it is off, refused, or not to be had', () => {
    const modes: TraceMode[] = ['off', 'auto'];
    expect(modes.map((mode) => reason(mode, 0, 'too long', never))).toEqual([
      'it was not asked for',
      'too long',
    ]);
    expect(
      reason('auto', 0, null, () => {
        throw new TraceObstacle('tracefs is mounted read-only');
      }),
    ).toBe('tracefs is mounted read-only');
  });

  test('a defect is no reason', () => {
    expect(() => new GuestTrace('on', 0, null, never)).toThrow('it was opened');
    const { trace } = traceWith([]);
    expect(() => trace.prepare({} as Guest)).toThrow(TypeError);
  });

  test('the first step that fails is the reason, and the later ones are not tried', () => {
    const { trace, recorded } = traceWith([[start(5_000_000n, 6_000_000n)]], [START]);
    trace.prepare(guest);
    trace.watchExpiries(guest, PERIOD);
    expect(recorded).toEqual([]);
    expect(trace.expiries(guest, PERIOD, TSC_KHZ).reason).toBe(`no ${START}`);
  });

  test("the guest's timer is not among those that its thread started", () => {
    const { trace } = traceWith([[start(5_000_000n, 6_500_000n)]]);
    trace.watchExpiries(guest, PERIOD);
    expect(trace.expiries(guest, PERIOD, TSC_KHZ).reason).toBe(
      "the guest's timer was not found among those its thread started",
    );
  });

  test.each([
    ['none', guestWith()],
    ['one', guestWith(6_000_000n)],
  ])('%s of its interrupts came, so that the TSC cannot be told in ktime', (_, still) => {
    const { trace } = traceWith([[]]);
    expect(trace.expiries(still, PERIOD, TSC_KHZ).reason).toBe(
      'the guest took no interrupts to set the clocks by',
    );
  });
});

test("its own thread's timer is recorded, and of KVM's events those that this kernel has", () => {
  const { trace, recorded } = traceWith([[]], [ACCEPT]);
  trace.prepare(guest);
  const own = 'common_pid == 77';
  expect(recorded).toEqual([
    [START, 'hrtimer expires', own],
    [HV_TIMER, 'hv_timer_in_use', own],
    [WAIT, 'delta', own],
  ]);
  expect(trace.resume(guest, moment(0n), PERIOD, TSC_KHZ).vcpu).toEqual({
    toPreemptionTimer: 0,
    toSoftwareTimer: 0,
    accepted: null,
    entryLateNs: null,
    missing: [`no ${ACCEPT}`],
  });
});

test('every expiry since it was watched is beside the model', () => {
  const set = [start(5_000_000n, 6_000_000n)];
  const expiry = (due: bigint, to: bigint) => [
    event(ENTRY, due + 1_000n, { hrtimer: TIMER }),
    event(EXIT, due + 2_000n, { hrtimer: TIMER }),
    start(due + 3_000n, to),
  ];
  const { trace, recorded } = traceWith([
    set,
    [
      start(6_003_000n, 7_000_000n),
      ...expiry(7_000_000n, 8_000_000n),
      ...expiry(8_000_000n, 9_000_000n),
      event(ACCEPT, 9_000_000n, { vec: 0x20n }),
      event(ACCEPT, 9_000_000n, { vec: 0x21n }),
      event(WAIT, 9_000_000n, { delta: 4_000n }),
    ],
  ]);
  trace.watchExpiries(guest, PERIOD);
  const filter = 'hrtimer == 0xffffc900';
  expect(recorded).toEqual([
    [START, 'hrtimer expires', filter],
    [ENTRY, 'hrtimer', filter],
    [EXIT, 'hrtimer', filter],
  ]);
  expect(trace.expiries(guest, PERIOD, TSC_KHZ)).toMatchObject({
    available: true,
    reason: null,
    expiries: 2,
    late: 0,
    agree: { clamp: 2, 'catch-up': 2 },
    firstDifference: null,
    vcpu: { accepted: 1, entryLateNs: 2_000 },
    lost: 3,
  });
});

test('the TSC is told in ktime by the first and the last interrupt', () => {
  // The kernel set the timer to its reading of the clock, by the slope between 6 and 9 ms.
  const late = 7_000_000n + 5n * BigInt(PERIOD);
  const { trace } = traceWith([
    [start(5_000_000n, 6_000_000n)],
    [
      start(6_003_000n, 7_000_000n),
      event(ENTRY, late),
      event(EXIT, late + 100n),
      start(late + 200n, late + 50n),
    ],
  ]);
  trace.watchExpiries(guest, PERIOD);
  expect(trace.expiries(guest, PERIOD, TSC_KHZ)).toMatchObject({
    late: 1,
    agree: { clamp: 1, 'catch-up': 0 },
  });
});

describe('a resume', () => {
  const resumed = moment(8_000_000n);
  const entries = (hrtimer: bigint) =>
    [7_999_999n, 8_000_000n, 8_500_000n, 9_000_000n, 9_000_001n].map((at) => event(ENTRY, at, { hrtimer }));

  test("callbacks are this timer's, up to the guest's first interrupt", () => {
    const { trace, recorded } = traceWith([[start(5_000_000n, 6_000_000n)], entries(TIMER)]);
    trace.watchResume(guest, PERIOD);
    expect(recorded).toEqual([[ENTRY, 'hrtimer', 'hrtimer == 0xffffc900']]);
    expect(trace.resume(guest, resumed, PERIOD, TSC_KHZ)).toMatchObject({
      reason: null,
      callbacks: 3,
      lost: 3,
    });
  });

  test('of a timer that was not started before, all are recorded until it shows', () => {
    const { trace, recorded } = traceWith([
      [],
      [start(7_000_000n, 8_000_000n, 5n), start(8_100_000n, 9_000_000n), ...entries(TIMER), ...entries(5n)],
    ]);
    trace.watchResume(guest, PERIOD);
    expect(recorded).toEqual([[ENTRY, 'hrtimer', '0']]);
    expect(trace.resume(guest, resumed, PERIOD, TSC_KHZ)).toMatchObject({ callbacks: 3 });
  });

  test('without an interrupt after it nothing is counted', () => {
    const { trace } = traceWith([[start(5_000_000n, 6_000_000n)], entries(TIMER)]);
    trace.watchResume(guest, PERIOD);
    expect(trace.resume(guest, moment(9_000_001n), PERIOD, TSC_KHZ)).toMatchObject({
      reason: null,
      callbacks: null,
    });
  });
});

test('its instance is removed', () => {
  const { trace, removed } = traceWith([]);
  trace.remove();
  expect(removed()).toBe(1);
});
