import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseCyclictest, runCyclictest } from '../../../src/tasks/timer/cyclictest.ts';
import { temporaryFolder } from '../../temporary-folder.ts';

const folder = temporaryFolder();

const never = new AbortController().signal;
const options = {
  periodNs: 1_000_000n,
  durationNs: 300_000_000n,
  quiet: { cpu: 1, priority: 80 },
};

/** A program that behaves as `script` says. */
function fake(name: string, script: string): string {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

/** As rt-tests 2.40 writes it. */
const document = (histogram: object, cycles: number, max: number) =>
  JSON.stringify({
    file_version: 1,
    'rt_test_version:': '2.40',
    thread: { '0': { histogram, cycles, min: 1, max, avg: 1, cpu: 0, node: 0 } },
  });

test('percentiles are those of the ticks', () => {
  const parsed = parseCyclictest(document({ 100: 50, 200: 49, 900: 1 }, 100, 900));
  expect(parsed).toMatchObject({ version: '2.40', ticks: 100 });
  expect(parsed.latenessNs).toMatchObject({ min: 100, p50: 100, p90: 200, p99: 200, max: 900 });
  expect(parsed.histogram.reduce((sum, { count }) => sum + count, 0)).toBe(100);
});

test('what overflowed its histogram is late, and the latest is known', () => {
  const { latenessNs, ticks } = parseCyclictest(document({ 100: 7 }, 10, 5_000_000));
  expect(ticks).toBe(10);
  expect(latenessNs?.p50).toBe(100);
  expect(latenessNs?.p90).toBeGreaterThanOrEqual(1.99e6);
  expect(latenessNs?.max).toBe(5_000_000);
});

test('without a tick there is no lateness', () => {
  expect(parseCyclictest(document({}, 0, 0))).toMatchObject({ ticks: 0, latenessNs: null, histogram: [] });
});

test.each(['', '{', '[]', '{"thread":{}}', document({ x: 1 }, 1, 1), document({ 5: -1 }, 1, 1)])(
  'output %j is refused in one sentence',
  (text) => expect(() => parseCyclictest(text)).toThrow(/^cyclictest wrote .*\.$/),
);

test('it is asked for the same period, time, priority and CPU', async () => {
  const echo = fake(
    'echo',
    `for flag in "$@"; do case $flag in --json=*) out=\${flag#--json=};; esac; done
echo "$@" > ${join(folder, 'flags')}
echo '${document({ 5: 300 }, 300, 5)}' > "$out"`,
  );
  expect(await runCyclictest(options, never, echo)).toMatchObject({ ticks: 300, scheduling: 'fifo' });
  const flags = readFileSync(join(folder, 'flags'), 'utf8');
  for (const flag of ['--interval=1000', '--loops=300', '--priority=80', '--affinity=1']) {
    expect(flags.split(' ')).toContain(flag);
  }
});

test('without a priority it is an ordinary thread, as the timer beside it', async () => {
  const echo = fake(
    'echo-other',
    `for flag in "$@"; do case $flag in --json=*) out=\${flag#--json=};; esac; done
echo "$@" > ${join(folder, 'other-flags')}
echo '${document({ 5: 300 }, 300, 5)}' > "$out"`,
  );
  const quiet = { cpu: null, priority: 0 };
  expect(await runCyclictest({ ...options, quiet }, never, echo)).toMatchObject({ scheduling: 'other' });
  const flags = readFileSync(join(folder, 'other-flags'), 'utf8').trim().split(' ');
  expect(flags).toContain('--policy=other');
  // Any --priority, even 0, makes cyclictest take SCHED_FIFO after all.
  expect(flags.filter((flag) => /mlockall|priority/.test(flag))).toEqual([]);
});

test('where real-time scheduling is refused it runs again as an ordinary thread', async () => {
  const refusing = fake(
    'refusing',
    `for flag in "$@"; do case $flag in --json=*) out=\${flag#--json=};; --priority=80) echo "Unable to change scheduling policy!" >&2; exit 1;; esac; done
echo '${document({ 5: 300 }, 300, 5)}' > "$out"`,
  );
  expect(await runCyclictest(options, never, refusing)).toMatchObject({ ticks: 300, scheduling: 'other' });
});

test('where it may not run at all, the cause and the remedy are told', async () => {
  const refused = fake('refused', 'echo "Unable to change scheduling policy!" >&2; exit 1');
  await expect(runCyclictest(options, never, refused)).rejects.toMatchObject({
    code: 'UNSUPPORTED',
    message:
      'cyclictest cannot run here: it wants the right to SCHED_FIFO even as an ordinary thread (it said: Unable to change scheduling policy!).',
    hint: expect.stringContaining('CAP_SYS_NICE'),
  });
});

test('what it complains of is passed on', async () => {
  const broken = fake('broken', 'echo "FATAL: no timer" >&2; exit 1');
  await expect(runCyclictest(options, never, broken)).rejects.toMatchObject({
    code: 'IO',
    message: 'cyclictest ended with code 1: FATAL: no timer',
  });
});

test('without it, the error says where to get it', async () => {
  await expect(runCyclictest(options, never, join(folder, 'missing'))).rejects.toMatchObject({
    code: 'UNSUPPORTED',
    hint: expect.stringContaining('apt-get install rt-tests'),
  });
});

test('interrupted, it ends at once and there is no result', async () => {
  const controller = new AbortController();
  const slow = fake('slow', 'exec sleep 60');
  const running = runCyclictest(options, controller.signal, slow);
  controller.abort();
  expect(await running).toBeNull();
  expect(await runCyclictest(options, controller.signal, slow)).toBeNull();
});
