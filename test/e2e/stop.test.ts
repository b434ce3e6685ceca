import { expect, test } from 'vitest';
import { documents } from '../../src/schema/index.ts';
import { tscope } from './tscope.ts';

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

test('interrupted, the rows so far are printed, and the exit code says so', async () => {
  const { code, stdout } = await tscope(['stop', '--policies', 'catch-up', '--priority', '0', '--json'], {
    kill: { signal: 'SIGINT', once: 'listening', afterMs: 3000 },
  });
  expect(code).toBe(130);
  const { result, warnings } = JSON.parse(stdout);
  expect(result.rows.length).toBeGreaterThan(0);
  expect(result.rows.length).toBeLessThan(10);
  expect(warnings).toContainEqual(expect.objectContaining({ code: 'interrupted' }));
});

test.each([
  [['--periods', '1ns'], '--periods: 1ns is outside 1us to 4294967295ns.'],
  [['--stops', '146000d'], "--stops: '146000d' is longer than 292 years."],
  [['--stops', '40000d'], '--stops: 40000d is outside 1us to 36500d.'],
  [['--repeat', '10000'], 'stop: 800,000 stops (policies x periods x stops x repeat) are more than 100,000.'],
  [['--callback-cost', '80ns'], '--callback-cost and --exit-cost go with --simulate'],
  [['--policies', 'reinject', '--delivery', 'posted'], '--policies: reinject alone has no meaning with'],
])('%j is refused in one sentence, with the limit named', async (flags, sentence) => {
  const { code, stdout, stderr } = await tscope(['stop', ...flags]);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toContain(sentence);
  expect(stderr).not.toMatch(/\n\s+at /);
});
