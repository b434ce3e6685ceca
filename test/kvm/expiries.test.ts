import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import {
  ACCEPT,
  callbacksBetween,
  ENTRY,
  EXIT,
  type Expiry,
  expiriesOf,
  HV_TIMER,
  START,
  type TraceRecord,
  timerAmong,
  traceResultOf,
  untraced,
  vcpuEventsOf,
  WAIT,
} from '../../src/kvm/expiries.ts';
import type { TracedEvent } from '../../src/kvm/tracefs.ts';
import { findingOf } from '../../src/kvm/verdict.ts';
import { pauses, unfixed } from './recorded.ts';

const vcpu = {
  toPreemptionTimer: 0,
  toSoftwareTimer: 0,
  accepted: 7,
  entryLateNs: null,
  missing: [],
};
const record = (periodNs: number, expiries: readonly Expiry[]): TraceRecord => ({
  periodNs,
  expiries,
  vcpu,
  lost: 0,
});
/** From the time that the interrupt was entered with to the one that the callback reads: 20 us at most where recorded. */
const CALLBACK_NS = 20_000n;

interface Sequence {
  readonly periodNs: number;
  readonly firstNs: string;
  readonly latenessNs: readonly number[];
  readonly elsewhereNs: ReadonlyArray<readonly [index: number, ns: number]>;
}
interface Kernel {
  readonly policy: 'clamp' | 'catch-up';
  readonly sequences: readonly Sequence[];
}
const { kernels } = JSON.parse(
  gunzipSync(readFileSync(join(import.meta.dirname, '../vectors/kernel-expiries.json.gz'))).toString(),
) as { kernels: readonly Kernel[] };

function recordOf({ periodNs, firstNs, latenessNs, elsewhereNs }: Sequence): TraceRecord {
  const elsewhere = new Map(elsewhereNs);
  let before = BigInt(firstNs);
  const expiries = latenessNs.map((late, i): Expiry => {
    const due = before;
    const from = due + BigInt(late);
    before += BigInt(elsewhere.get(i) ?? periodNs);
    return { before: due, after: before, from, to: from + CALLBACK_NS };
  });
  return record(periodNs, expiries);
}

test.each(kernels.map((kernel) => [kernel.policy, kernel] as const))(
  'every expiry that a real kernel recorded is exactly as the model has it under %s',
  (policy, { sequences }) => {
    const other = policy === 'clamp' ? 'catch-up' : 'clamp';
    let different = 0;
    for (const sequence of sequences) {
      const { expiries, agree, firstDifference } = traceResultOf(recordOf(sequence));
      expect(firstDifference).toBeNull();
      expect(agree[policy]).toBe(sequence.latenessNs.length);
      different += expiries - (agree[other] ?? 0);
    }
    expect(different).toBeGreaterThanOrEqual(9);
  },
  30_000,
);

test('the first expiry that no policy explains is named, with what was predicted', () => {
  const on = (before: bigint, after: bigint): Expiry => ({
    before,
    after,
    from: before + 50n,
    to: before + 900n,
  });
  const rows = [on(0n, 1000n), on(1000n, 2000n), on(2000n, 2999n), on(2999n, 3999n)];
  const result = traceResultOf({
    ...record(1000, rows),
    lost: 2,
  });
  expect(result).toEqual({
    available: true,
    reason: null,
    expiries: 4,
    late: 0,
    agree: Object.fromEntries(Object.keys(result.agree).map((policy) => [policy, 3])),
    firstDifference: {
      index: 2,
      policy: 'independent',
      beforeKtime: '2000',
      afterKtime: '2999',
      predictedKtime: '3000',
    },
    vcpu,
    lost: 2,
  });
  expect(traceResultOf(record(1000, []))).toEqual(untraced("the trace holds no expiry of the guest's timer"));
});

const event = (name: string, time: number, fields: Record<string, number> = {}): TracedEvent => ({
  name,
  time: BigInt(time),
  fields: Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, BigInt(value)])),
});

test('an expiry is a callback between two starts of the timer; its clock was read from entry to exit', () => {
  const events = [
    event(ENTRY, 50, { hrtimer: 9 }),
    event(START, 60, { hrtimer: 9, expires: 1000 }),
    event(EXIT, 70, { hrtimer: 9 }),
    event(ENTRY, 10_000, { hrtimer: 9 }),
    event(EXIT, 10_200, { hrtimer: 9 }),
    event(START, 10_300, { hrtimer: 9, expires: 2000 }),
    // Moved to another CPU: started again without having run.
    event(START, 12_000, { hrtimer: 9, expires: 2000 }),
    event(ENTRY, 20_000, { hrtimer: 9 }),
    event(EXIT, 20_100, { hrtimer: 9 }),
    event(START, 20_200, { hrtimer: 9, expires: 3000 }),
  ];
  expect(expiriesOf(events, (tsc) => tsc * 2n)).toEqual([
    { before: 1000n, after: 2000n, from: 19_500n, to: 20_900n },
    { before: 2000n, after: 3000n, from: 39_500n, to: 40_700n },
  ]);
});

test("KVM's own events are counted by what they say; one that is missing is not 0 but unknown", () => {
  const events = [
    event(HV_TIMER, 1, { hv_timer_in_use: 1 }),
    event(HV_TIMER, 2, { hv_timer_in_use: 0 }),
    event(HV_TIMER, 3, { hv_timer_in_use: 1 }),
    event(ACCEPT, 4, { vec: 0x20 }),
    event(ACCEPT, 5, { vec: 0x21 }),
    event(WAIT, 6, { delta: -400 }),
    event(WAIT, 7, { delta: 2600 }),
    event(WAIT, 8, { delta: 5200 }),
  ];
  expect(vcpuEventsOf(events, new Map(), 2_600_000, 0x20)).toEqual({
    toPreemptionTimer: 2,
    toSoftwareTimer: 1,
    accepted: 1,
    entryLateNs: 1000,
    missing: [],
  });
  const missing = new Map([
    [HV_TIMER, 'this kernel has no event kvm/kvm_hv_timer_state'],
    [ACCEPT, 'kvm/kvm_apic_accept_irq has not the fields vec'],
  ]);
  expect(vcpuEventsOf([], missing, 2_600_000, 0x20)).toEqual({
    toPreemptionTimer: null,
    toSoftwareTimer: null,
    accepted: null,
    entryLateNs: null,
    missing: [...missing.values()],
  });
});

test('the timer is the one that the thread starts on its grid, known to within the setting of its local APIC', () => {
  const started = (expires: number) => [event(START, 1, { hrtimer: 7, expires })];
  const found = (expires: number) => timerAmong(started(expires), [10_000n, 10_300n], 400_000);
  expect([410_000, 410_300, 2_010_150].map(found)).toEqual([7n, 7n, 7n]);
  expect([409_999, 410_301, 10_000, 10_100].map(found)).toEqual([null, null, null, null]);
  expect(
    timerAmong([event(ENTRY, 1, { hrtimer: 7, expires: 410_000 })], [10_000n, 10_300n], 400_000),
  ).toBeNull();
});

test('callbacks are those of one timer, from the resume to the first interrupt, both included', () => {
  const events = [99, 100, 150, 200, 201].map((time) => event(ENTRY, time, { hrtimer: 7 }));
  const others = [event(ENTRY, 150, { hrtimer: 8 }), event(EXIT, 150, { hrtimer: 7 })];
  expect(callbacksBetween([...events, ...others], 7n, 100n, 200n)).toBe(3);
  expect(callbacksBetween([...events, ...others], null, 100n, 200n)).toBe(0);
});

test('on a real kernel without the clamp the callbacks from a resume to the first interrupt are the burst', () => {
  let counted = 0;
  for (const { record: stop, kernel } of pauses(unfixed)) {
    if (kernel === null || kernel.callbacksUs.length < 10) continue;
    const events = kernel.callbacksUs.map((us) => event(ENTRY, Math.round(us * 1e3), { hrtimer: 7 }));
    const first = stop.deliveriesNs.find((ns) => ns >= 0) ?? 0;
    const callbacks = callbacksBetween(events, 7n, 0n, BigInt(Math.round(first)));
    const { missedTicks } = findingOf(stop);
    // One for each tick missed, but for one that the exit of the preemption timer advances; and those due in the burst itself.
    expect(callbacks).toBeGreaterThanOrEqual(missedTicks - 1);
    expect(callbacks).toBeLessThanOrEqual(missedTicks + first / stop.periodNs + 2);
    counted += 1;
  }
  expect(counted).toBeGreaterThan(0);
});

test('a start without a whole callback before it is no expiry', () => {
  const event = (name: string, time: number): TracedEvent => ({
    name,
    time: BigInt(time),
    fields: name === START ? { expires: BigInt(10 * time) } : {},
  });
  const found = (...names: string[]) => expiriesOf(names.map(event), (tsc) => tsc).map(({ after }) => after);
  expect(found(START, ENTRY, EXIT, START)).toEqual([30n]);
  expect([
    found(ENTRY, EXIT, START),
    found(START, EXIT, START),
    found(START, ENTRY, START),
    found(START, ENTRY, EXIT, START, START),
    found(START, ENTRY, EXIT, START, ENTRY, START),
    found(START, ENTRY, EXIT, START, EXIT, START),
  ]).toEqual([[], [], [], [30n], [30n], [30n]]);
});
