import { expect, test } from 'vitest';
import { checkTimerOptions, type TimerOptions, timerDefaults } from '../../../src/tasks/timer/options.ts';

const check = (changes: Partial<TimerOptions>) => () => checkTimerOptions({ ...timerDefaults, ...changes });
const MS = 1_000_000n;

test.each<[Partial<TimerOptions>, string]>([
  [{ periodNs: 9_999n }, '`periodNs`: 9999ns is outside 10us to 4294967295ns.'],
  [{ periodNs: 4_294_967_296n }, '`periodNs`'],
  [{ durationNs: 999_999n, periodNs: 10_000n }, '`durationNs`: 999999ns is outside 1ms to 30d.'],
  [{ durationNs: MS, periodNs: 2n * MS }, '`durationNs`: it is shorter than one `periodNs`.'],
  [{ stopForNs: MS }, '`stopEveryNs` and `stopForNs` go together; give both or neither.'],
  [{ durationNs: 10n * MS, stopEveryNs: 8n * MS, stopForNs: 3n * MS }, '`stopEveryNs`: not even one stop'],
  [{ stopEveryNs: 1n, stopForNs: MS }, '`stopEveryNs`'],
  [{ stopEveryNs: MS, stopForNs: 999n }, '`stopForNs`'],
  [{ cyclictest: true, stopEveryNs: MS, stopForNs: MS }, '`cyclictest`: it never leaves'],
  [{ cyclictest: true, periodNs: 1_000_001n }, '`cyclictest`: it counts in us'],
])('a library caller is told the field: %o', (changes, message) => {
  expect(check(changes)).toThrow(expect.objectContaining({ code: 'USAGE' }));
  expect(check(changes)).toThrow(message);
});

test.each<Partial<TimerOptions>>([
  { periodNs: 10_000n },
  { periodNs: 4_294_967_295n },
  { periodNs: MS, durationNs: MS },
  { durationNs: 10n * MS, stopEveryNs: 8n * MS, stopForNs: 2n * MS },
  { cyclictest: true },
])('the bounds themselves are accepted: %o', (changes) => expect(check(changes)).not.toThrow());
