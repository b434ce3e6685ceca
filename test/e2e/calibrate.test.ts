import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { documents } from '../../src/schema/index.ts';
import { expectRefused, tscope } from './tscope.ts';

const folder = temporaryFolder();

import { temporaryFolder } from '../temporary-folder.ts';

test.each([
  ['host', ['host', '--json']],
  ['calibrate', ['calibrate', '--duration', '20ms', '--json']],
])('tscope %s prints a document that its schema accepts', async (kind, args) => {
  const { code, stdout } = await tscope(args);
  expect(code).toBe(0);
  const document = JSON.parse(stdout);
  expect(documents[kind]?.parse(document)).toEqual(document);
});

test('people get the rate with its error, its bounds and what it means', async () => {
  const { code, stdout } = await tscope(['calibrate', '--duration', '20ms']);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^ +TSC rate +\d+\.[\d ]+ MHz \+\/- \S+ pp[mb] +\(one standard error, by [a-z]/m);
  expect(stdout).toContain('certainly between');
  expect(stdout).toContain('Who else claims to know it');
  expect(stdout).toContain("Each CPU's TSC against that of the first");
});

test.each([
  [['calibrate', '--duration', '0.5ms'], '1ms'],
  [['calibrate', '--duration', '1'], 'ns, us, ms'],
  [['calibrate', '--clock', 'sundial'], 'monotonic_raw'],
  [['calibrate', 'now'], ''],
])('%j is refused with what is accepted', async (args, accepted) => {
  expectRefused(await tscope(args), accepted);
});

test('the package is a library: calibrate and TscClock, and nothing keeps the process alive', () => {
  const library = new URL('../../dist/exports/index.js', import.meta.url).href;
  const program = `${folder}/program.mjs`;
  writeFileSync(
    program,
    `import { calibrate, TscClock } from '${library}';
       const { result } = await calibrate({ durationNs: 10e6 });
       const clock = new TscClock();
       const [a, b] = [clock.now(), clock.now()];
       console.log(JSON.stringify([result.tscHz > 1e8, typeof a, b >= a, clock.errorBoundNs() > 0]));`,
  );
  const child = spawnSync(process.execPath, [program], { encoding: 'utf8', timeout: 20_000 });
  expect(child.stderr).toBe('');
  expect(JSON.parse(child.stdout)).toEqual([true, 'bigint', true, true]);
});
