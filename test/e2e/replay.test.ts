import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { documents } from '../../src/schema/index.ts';
import { tscope } from './tscope.ts';

const file = (name: string) => join(import.meta.dirname, '..', name);
const VECTORS = file('vectors/replay-public.json.gz');
const CRASH = file('scenarios/production-crash.json');

test('a file and standard input give the same document, which is the contract', async () => {
  const [fromFile, fromStdin] = await Promise.all([
    tscope(['replay', VECTORS, '--json']),
    tscope(['replay', '-', '--json'], { input: readFileSync(VECTORS) }),
  ]);
  expect([fromFile.code, fromFile.stderr]).toEqual([0, '']);
  const document = JSON.parse(fromFile.stdout);
  expect(document).not.toHaveProperty('host');
  expect(documents['replay']?.safeParse(document).error).toBeUndefined();
  expect(JSON.parse(fromStdin.stdout).result).toEqual(document.result);
});

test('a difference is exit code 1', async () => {
  const [scenario] = JSON.parse(readFileSync(CRASH, 'utf8'));
  scenario.expect[0] = { irqs: 7 };
  const { code, stdout } = await tscope(['replay', '-'], { input: JSON.stringify(scenario) });
  expect(code).toBe(1);
  expect(stdout).toContain('step 0, irqs: expected 7, got 0');
});

test('bad input is exit code 2, one sentence, and no stack trace', async () => {
  const input =
    '[{"name":"x","config":{"policy":"clamp","guestTscKhz":1},"steps":[{"ktime":"0","tsc":"-1","do":"inject"}]}]';
  expect(await tscope(['replay', '-', '--json'], { input })).toMatchObject({
    code: 2,
    stdout: '',
    stderr: 'tscope: standard input: scenarios[0].steps[0].tsc: "-1" is outside 0 to 2^64 - 1.\n',
  });
});
