// What the system refuses is never a defect: a filter of system calls, as containers and systemd set it.
import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../temporary-folder.ts';
import { buildDeny, type Refused } from './deny.ts';
import { MAIN } from './tscope.ts';

const folder = temporaryFolder();

const deny = buildDeny(folder);

/** Runs the command where the kernel answers EPERM to one call. */
function without(call: Refused, args: readonly string[]) {
  const [program = '', ...filter] = deny(call);
  const child = spawnSync(program, [...filter, process.execPath, MAIN, ...args], { encoding: 'utf8' });
  expect(child.stderr).not.toMatch(/defect|unexpected| {4}at /);
  return child;
}

const TIMER = ['timer', '--cpu', '0', '--duration', '60ms', '--json'];
const codesOf = (stdout: string): string[] =>
  JSON.parse(stdout).warnings.map(({ code }: { code: string }) => code);

test.each([
  ['setaffinity', 'not-pinned'],
  ['setscheduler', 'no-realtime'],
  ['prctl', 'timer-slack'],
] as const)('without %s the timer is measured all the same, with the warning %s', (call, warning) => {
  const { status, stdout } = without(call, TIMER);
  expect(status).toBe(0);
  expect(codesOf(stdout)).toContain(warning);
});

test('without sched_getaffinity, on which worker threads crash, it is refused with the cause', () => {
  const { status, signal, stderr } = without('getaffinity', TIMER);
  expect({ status, signal }).toEqual({ status: 3, signal: null });
  expect(stderr).toMatch(/^tscope: sched_getaffinity is refused \(EPERM\).+\n {2}.+\n$/);
});

test.each([
  ['ioctl', 'it could not be loaded: the system refused open (EPERM).'],
  ['getcwd', 'The system refused getcwd: not permitted (EPERM).'],
] as const)('where Node itself is refused %s, a sentence says so', (call, sentence) => {
  const { status, stderr } = without(call, TIMER);
  expect(status).toBe(3);
  expect(stderr.split('\n')[0]).toBe(`tscope: ${sentence}`);
});

test('host says what is allowed by trying it', () => {
  const hostWithout = (call: Refused) => JSON.parse(without(call, ['host', '--json']).stdout).result;
  expect(hostWithout('setaffinity').scheduling.affinityAllowed).toMatchObject({ value: false });
  expect(hostWithout('setscheduler').scheduling.realtimeAllowed).toMatchObject({ value: false });
  const { tsc, scheduling } = hostWithout('prctl');
  expect(tsc.readable).toEqual({ value: null, reason: 'prctl PR_GET_TSC: not permitted (EPERM)' });
  expect(scheduling.timerSlackAllowed).toMatchObject({ value: false });
  expect(hostWithout('perf_event_open').scheduling).toMatchObject({
    affinityAllowed: { value: true },
    timerSlackAllowed: { value: true },
  });
});

test.each(['calibrate', 'drift', 'stop', 'kvm'])(
  '%s is no defect without any of them',
  (name) => {
    const flags = {
      calibrate: ['--duration', '50ms'],
      drift: ['--duration', '50ms', '--interval', '10ms'],
      stop: ['--stops', '1ms', '--budget', '1s'],
      kvm: ['--ticks', '100', '--stop', '10ms'],
    }[name];
    for (const call of ['setaffinity', 'getaffinity', 'setscheduler', 'prctl', 'perf_event_open'] as const) {
      const { status, signal } = without(call, [name, ...(flags ?? []), '--json']);
      expect(signal, call).toBeNull();
      expect([0, 1, 3], call).toContain(status);
    }
  },
  180_000,
);
