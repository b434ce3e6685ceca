import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { documents } from '../../src/schema/index.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { expectRefused, tscope } from './tscope.ts';

const folder = temporaryFolder();

test('the document is the contract', async () => {
  const { code, stdout } = await tscope(['timer', '--duration', '300ms', '--priority', '0', '--json']);
  expect(code).toBe(0);
  const document = JSON.parse(stdout);
  expect(documents['timer']?.safeParse(document).error).toBeUndefined();
  expect(document.result).toMatchObject({ policy: 'clamp', backend: 'hrtimer', periodNs: 1e6 });
});

test("the histograms of cyclictest and of HdrHistogram's tools hold every tick", async () => {
  const hdr = join(folder, 'latency.hgrm');
  const flags = ['--duration', '300ms', '--priority', '0', '--histogram', '1us', '--hdr', hdr];
  const { code, stdout } = await tscope(['timer', ...flags, '--out', join(folder, 'run.json')]);
  expect(code).toBe(0);
  const { ticks, bars } = JSON.parse(readFileSync(join(folder, 'run.json'), 'utf8')).result;
  const printed = [...stdout.matchAll(/^\d{6} (\d{6})$/gm)].map(([, count]) => Number(count));
  expect(printed).toEqual(bars.counts);
  const sum = printed.reduce((total, count) => total + count, 0) + bars.early + bars.beyond;
  expect(sum).toBe(ticks);
  expect(readFileSync(hdr, 'utf8')).toMatch(new RegExp(`Total count += +${ticks}\\b`));
});

test('where cyclictest is not installed, nothing is measured and the way to it is named', async () => {
  const { code, stdout, stderr } = await tscope(['timer', '--cyclictest', '--duration', '300ms'], {
    env: { ...process.env, PATH: '/nowhere' },
  });
  expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
  expect(stderr).toContain('apt-get install rt-tests');
});

test.each([
  [['--period', '1us'], '--period: 1us is outside 10us to 4294967295ns.'],
  [['--period', '1ms', '--duration', '1ms', '--stop-every', '1s'], '--stop-every and --stop-for go together'],
  [['--period', '2ms', '--duration', '1ms'], '--duration: it is shorter than one --period.'],
  [['--stop-every', '5s', '--stop-for', '6s'], '--stop-every: not even one stop'],
  [['--cyclictest', '--period', '1000001ns'], '--cyclictest: it counts in us;'],
  [
    ['--cyclictest', '--stop-every', '1s', '--stop-for', '1ms'],
    '--cyclictest: it never leaves; give it without --stop-every',
  ],
  [['--histogram', '2s'], '--histogram: 2s is outside 1ns to 1s.'],
  [['--hdr', 'latency.txt'], '--hdr: latency.txt is neither a .hlog'],
  [['--hdr', '/nowhere/at/all.hlog'], '--hdr: cannot write /nowhere/at/all.hlog'],
  [['--cpu', '60000'], '--cpu: this process may not run on CPU 60000; it may on '],
])('%j is refused in one sentence', async (flags, sentence) => {
  expectRefused(await tscope(['timer', ...flags]), sentence);
});
