import { expect, test } from 'vitest';
import { callbackOf, costsAmong, inBatches } from '../../src/kvm/callback-cost.ts';
import { ENTRY, EXIT } from '../../src/kvm/expiries.ts';
import type { TracedEvent } from '../../src/kvm/tracefs.ts';

/** One cycle is one ns. */
const TSC_KHZ = 1_000_000;

const event = (name: string, timer: number, time: number): TracedEvent => ({
  name,
  time: BigInt(time),
  fields: { hrtimer: BigInt(timer) },
});

/** Callbacks of several timers one after the other: 80 ns each, an event 150 ns, `gap` between them. */
function burst(gaps: readonly number[]): { events: TracedEvent[]; again: TracedEvent[] } {
  const [events, again]: [TracedEvent[], TracedEvent[]] = [[], []];
  let time = 1_000_000;
  for (const [timer, gap] of gaps.entries()) {
    time += gap;
    events.push(event(ENTRY, timer, time));
    time += 230;
    events.push(event(EXIT, timer, time));
    time += 150;
    again.push(event(EXIT, timer, time));
  }
  return { events, again };
}

test('a callback of a burst takes from entry to exit less what one event takes, as the second instance shows', () => {
  const { events, again } = burst([0, 300, 300, 300]);
  expect(costsAmong(events, again, TSC_KHZ)).toEqual([80, 80, 80]);
});

test('which of the two instances is served first makes no difference', () => {
  const { events, again } = burst([0, 300, 300]);
  const exits = events.filter(({ name }) => name === EXIT);
  const swapped = events.map((one) => (one.name === EXIT ? (again[exits.indexOf(one)] ?? one) : one));
  expect(costsAmong(swapped, exits, TSC_KHZ)).toEqual([80, 80]);
});

test('a callback that begins later than 1.5 us after the one before is no part of a burst', () => {
  const cost = (gap: number) => {
    const { events, again } = burst([0, gap]);
    return costsAmong(events, again, TSC_KHZ);
  };
  expect([cost(1_500), cost(1_501)]).toEqual([[80], []]);
});

test('an exit is found in the second instance by its timer, within 8 us; without its twin it says nothing', () => {
  const { events } = burst([0, 300]);
  const [, , , last] = events;
  const at = Number(last?.time);
  const first = event(EXIT, 0, Number(events[1]?.time) + 150);
  const found = (timer: number, after: number) =>
    costsAmong(events, [first, event(EXIT, timer, at + after)], TSC_KHZ);
  expect([found(1, 8_000), found(1, 8_001), found(2, 150)]).toEqual([[230 - 8_000], [], []]);
  // After a callback whose end is not known the next one does not count either.
  expect(costsAmong(events, [event(EXIT, 1, at + 150)], TSC_KHZ)).toEqual([]);
});

test('an exit whose entry was lost says nothing, and the callback after it is one of the burst again', () => {
  const { events, again } = burst([0, 300, 300]);
  const lost = events.filter((_, i) => i !== 2);
  expect(costsAmong(lost, again, TSC_KHZ)).toEqual([80]);
});

test('a hundred callbacks are a measure, and its interval leaves out the outermost', () => {
  const costs = Array.from({ length: 101 }, (_, i) => 50 + i);
  expect(callbackOf(costs)).toEqual({ ns: 100, lowNs: 55, highNs: 145 });
  expect(callbackOf(costs.slice(0, 100))).not.toBeNull();
  expect(callbackOf(costs.slice(0, 99))).toBeNull();
  // What takes no time at all cannot be divided by.
  expect(callbackOf(costs.map(() => -3))).toEqual({ ns: 1, lowNs: 1, highNs: 1 });
});

test('callbacks are watched for ten batches of 50 ms, none of which begins after three seconds', () => {
  /** Batches, and how long each is, where reading one takes that long. */
  const batches = (readingNs: bigint) => {
    let now = 1_000n;
    const lengths: number[] = [];
    const costs = inBatches(
      (end) => {
        lengths.push(Number(end - now));
        now = end + readingNs;
        return [80, 90];
      },
      () => now,
    );
    expect(costs).toEqual(lengths.flatMap(() => [80, 90]));
    return lengths;
  };
  expect(batches(0n)).toEqual(Array(10).fill(50_000_000));
  // Six batches of 500 ms are over at three seconds; one ns less a batch, and there is a seventh.
  expect(batches(450_000_000n)).toHaveLength(6);
  expect(batches(449_999_999n)).toHaveLength(7);
});
