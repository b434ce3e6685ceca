import { expect, test } from 'vitest';
import { documents } from '../../src/schema/index.ts';
import { expectRefused, tscope } from './tscope.ts';

const SIMULATED = ['stop', '--simulate', '--stops', '1s,1m', '--periods', '1ms', '--json'];

test('a simulation needs no addon, and gives the same result every time', async () => {
  const [one, other] = await Promise.all([
    tscope(SIMULATED, { nodeFlags: ['--no-addons'] }),
    tscope(SIMULATED),
  ]);
  expect([one.code, one.stderr]).toEqual([0, '']);
  const document = JSON.parse(one.stdout);
  expect(documents['stop']?.safeParse(document).error).toBeUndefined();
  expect(JSON.stringify(JSON.parse(other.stdout).result)).toBe(JSON.stringify(document.result));
});

test.each([
  [['--periods', '1ns'], '--periods: 1ns is outside 1us to 4294967295ns.'],
  [['--stops', '146000d'], "--stops: '146000d' is longer than 292 years."],
  [['--stops', '40000d'], '--stops: 40000d is outside 1us to 36500d.'],
  [['--repeat', '10000'], 'stop: 800,000 stops (policies x periods x stops x repeat) are more than 100,000.'],
  [['--callback-cost', '80ns'], '--callback-cost and --exit-cost go with --simulate'],
  [['--policies', 'reinject', '--delivery', 'posted'], '--policies: reinject alone has no meaning with'],
])('%j is refused in one sentence, with the limit named', async (flags, sentence) => {
  expectRefused(await tscope(['stop', ...flags]), sentence);
});
