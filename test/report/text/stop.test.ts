import { expect, test } from 'vitest';
import { quietControl } from '../../../src/clock/control.ts';
import { stopText } from '../../../src/report/text/stop.ts';
import { type StopOptions, stopDefaults } from '../../../src/tasks/stop/options.ts';
import { simulateStop } from '../../../src/tasks/stop/stop.ts';

const S = 1_000_000_000n;
const simulation = { callbackNs: 79n, exitNs: 1000n };
const textOf = (changes: Partial<StopOptions>): string =>
  stopText(
    simulateStop({ ...stopDefaults, repeat: 3, simulate: simulation, ...changes }, simulation, quietControl),
  );
const lineOf = (text: string, start: RegExp): string =>
  text.split('\n').find((line) => start.test(line)) ?? '';

test('a lockup says so, how far behind it still was, and marks what is projected', () => {
  const text = textOf({
    policies: ['catch-up', 'clamp'],
    periodsNs: [200_000n],
    stopsNs: [60n * S],
    watchdogNs: 5_000_000n,
  });
  expect(lineOf(text, /^catch-up +1m/)).toMatch(
    / ~ 23\.\d ms +~ 3\d\d,\d{3} .* LOCKUP, still 47\.\d s behind$/,
  );
  expect(lineOf(text, /^clamp +1m/)).toMatch(/ 2\.00 us +0 +2 +1 +299,999 .*hv$/);
});

test('what was measured whole is not marked', () => {
  const text = textOf({ policies: ['catch-up', 'skip'], stopsNs: [S] });
  const rows = text.split('\n').filter((line) => /^(catch-up|skip) /.test(line));
  expect(rows).toHaveLength(4);
  for (const row of rows) expect(row).not.toMatch(/~|LOCKUP|projected/);
});

test('the threshold stands beside that of the crash', () => {
  const text = textOf({ policies: ['clamp'], stopsNs: [S], watchdogNs: 10n * S });
  expect(lineOf(text, /^200us +7\.03 h/)).toMatch(/7\.03 h \(79\.0 ns a callback\) +7\.03 h$/);
});

test('a recovery that never ends is called that', () => {
  const never = { callbackNs: 300_000n, exitNs: 1000n };
  const options = { ...stopDefaults, policies: ['catch-up'], stopsNs: [S], watchdogNs: 50_000_000n } as const;
  const text = stopText(simulateStop({ ...options, simulate: never }, never, quietControl));
  expect(lineOf(text, /^catch-up/)).toMatch(/never +no end/);
});
