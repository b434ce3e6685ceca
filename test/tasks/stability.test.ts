import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { quietControl } from '../../src/clock/control.ts';
import { stability } from '../../src/report/kinds/stability.ts';
import { resultText } from '../../src/report/text.ts';
import { stabilityResultSchema } from '../../src/schema/stability.ts';
import { ESTIMATOR_NAMES } from '../../src/stability/estimators.ts';
import { type StabilityOptions, stabilityTask } from '../../src/tasks/stability.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import published from '../vectors/sp1065.json' with { type: 'json' };

const folder = temporaryFolder();

const path = join(folder, 'nine.txt');
const run = async (text: string, options: Partial<StabilityOptions> = {}) => {
  writeFileSync(path, text);
  const defaults = {
    paths: [path],
    data: 'frequency',
    tau0: 1,
    estimators: ESTIMATOR_NAMES,
    taus: 'octave',
    confidence: 0.95,
  } as const;
  return (await stabilityTask({ ...defaults, ...options }, quietControl)).result;
};
const nine = published.nine.frequency.join('\n');

test('the result is the contract', async () => {
  const result = await run(nine);
  expect(() => stabilityResultSchema.parse(result)).not.toThrow();
  expect(result.points[0]).toMatchObject({ m: 1, tau: 1, n: 8, adevN: 8, hdevN: 7, mdevN: 8, mtieN: 9 });
  expect(result.points.map(({ m }) => m)).toEqual([1, 2, 4, 8]);
});

test('only what was asked for is there, and n counts the first of it', async () => {
  const [point] = (await run(nine, { estimators: ['hdev', 'oadev'] })).points;
  expect(Object.keys(point ?? {}).filter((key) => /dev$|mtie$/.test(key))).toEqual(['hdev', 'oadev']);
  expect(point?.n).toBe(7);
});

test('a value that cannot be had is null with its reason', async () => {
  const point = (await run(nine, { estimators: ['adev', 'mtie'] })).points.at(-1);
  expect(point).toMatchObject({
    m: 8,
    adev: null,
    adevN: 0,
    reasons: { adev: 'needs 17 phase points; there are 10' },
  });
  expect(point?.['mtie']).toBeGreaterThan(0);
});

test('an interval needs noise that can be told: nine points have none', async () => {
  expect((await run(nine)).points[0]).toMatchObject({
    alpha: null,
    noise: null,
    oadevLow: null,
    oadevEdf: null,
  });
});

test('gaps are counted', async () => {
  expect(await run('1\n2\nnan\n4\n5\n3\n2')).toMatchObject({ values: 7, gaps: 1 });
});

test('too few values are refused with how many it takes', async () => {
  await expect(run('1', { estimators: ['oadev'] })).rejects.toThrow(
    '1 frequency value is too few; the shortest statistic takes 2.',
  );
  await expect(run('1\n2', { data: 'phase', estimators: ['oadev'] })).rejects.toThrow(
    '2 phase values are too few; the shortest statistic takes 3.',
  );
  await expect(run('1', { data: 'phase' })).rejects.toThrow('1 phase value is too few');
  await expect(run('', { data: 'phase' })).rejects.toThrow('nine.txt: holds no readings.');
});

test('the tables for people', async () => {
  expect(
    resultText(stability, await run(nine, { estimators: ['oadev', 'hdev', 'tdev'], tau0: 0.5 })),
  ).toMatchInlineSnapshot(`
    "9 frequency values, one every 0.5 s.

    Fractional frequency
    tau (s)  m   oadev  low  high    hdev  noise
        0.5  1  9.1e+1    -     -  7.1e+1  -
          1  2  8.6e+1    -     -  1.2e+2  -
          2  4  2.8e+1    -     -       -  -
    low and high: the 95 % interval of oadev; the JSON document has that of each.

    Time, in seconds
    tau (s)  m    tdev  low  high
        0.5  1  2.6e+1    -     -
          1  2  4.3e+1    -     -
          2  4       -    -     -
    low and high: the 95 % interval of tdev; the JSON document has that of each.

    No interval: identifying the noise takes 30 points that vary.

    A dash: the record is too short, or has too many gaps, for this averaging time."
  `);
});
