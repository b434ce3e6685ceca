// `tscope kvm` where the host allows only a part of it: the rest of the run stands, and one sentence says what is missing.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readlinkSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { kvmTscKhz } from '../../src/kvm/host.ts';
import type { KvmResult } from '../../src/schema/kvm.ts';
import type { Warning } from '../../src/warning.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { buildDeny, type Refused } from './deny.ts';
import { MAIN } from './tscope.ts';

/** Why no environment can be made here, or null. */
const obstacle = ((): string | null => {
  if (process.getuid?.() !== 0) return 'only root can make these environments';
  try {
    kvmTscKhz();
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
})();
if (obstacle !== null) console.warn(`test/e2e/kvm-environments: skipped: ${obstacle}`);

const KVM = [process.execPath, MAIN, 'kvm', '--stop', '50ms', '--ticks', '100', '--stalls', '3', '--json'];
const folder = temporaryFolder();

/** Runs a command in an environment. @param prefix what the command line begins with. */
function run(prefix: readonly string[], command: readonly string[] = KVM) {
  const [program = '', ...args] = [...prefix, ...command];
  const child = spawnSync(program, args, { encoding: 'utf8', timeout: 110_000, killSignal: 'SIGKILL' });
  expect(child.signal, 'it hangs').toBeNull();
  expect(child.stderr).not.toMatch(/defect|unexpected| {4}at /);
  return child;
}

/** The same, which must be done; the result and the warnings. */
function done(prefix: readonly string[]): { result: KvmResult; warnings: Warning[] } {
  const { status, stdout, stderr } = run(prefix);
  expect(status, stderr).toBe(0);
  return JSON.parse(stdout);
}

/** The stops of a run, those that were measured. */
const stopsOf = ({ resume, otherStops, saveRestore }: KvmResult): string[] => [
  ...(resume === null ? [] : [resume, ...otherStops]).map(({ stop }) => stop),
  ...(saveRestore === null ? [] : ['save-restore']),
];
const ALL_STOPS = ['pause', 'pause', 'sigstop', 'save-restore'];
const without = (stop: string) => ALL_STOPS.filter((one) => one !== stop);

/** The forced delay was made, or other work of this host kept it from being seen; nothing in the environment did. */
function expectStalled({ stall }: KvmResult): void {
  if ((stall?.tried ?? 0) === 0) expect(stall?.explanation).toContain('it has other work to do');
}

/** Shell lines before the command, in a mount namespace of its own. */
const mounts = (lines: string): string[] => ['unshare', '-m', 'sh', '-ec', `${lines}\nexec "$@"`, 'sh'];

describe.skipIf(obstacle !== null)('tscope kvm', { timeout: 120_000 }, () => {
  const deny = obstacle === null ? buildDeny(folder) : () => [];
  const traceable =
    readlinkSync('/proc/self/ns/pid') === 'pid:[4026531836]' && existsSync('/sys/kernel/tracing/instances');

  test.each<[Refused, string]>([
    ['timerfd_create', 'timerfd_create is refused here (EPERM)'],
    ['timerfd_settime', 'timerfd_settime is refused here (EPERM)'],
    ['setaffinity', 'sched_setaffinity is refused here (EPERM)'],
  ])('without %s there is no forced delay, and the stops stand', (call, words) => {
    const { result } = done(deny(call));
    expect(result.stall?.explanation).toBe(`A forced delay of the guest's timer says nothing: ${words}.`);
    expect(stopsOf(result)).toEqual(ALL_STOPS);
  });

  test('where no signal may be sent, nothing hangs, and only the stop by SIGSTOP is missing', () => {
    const { result, warnings } = done(deny('kill'));
    expect(stopsOf(result)).toEqual(without('sigstop'));
    expectStalled(result);
    expect(warnings).toContainEqual({
      code: 'kvm-part-missing',
      message:
        'The stop by SIGSTOP (halt) is not part of this run: the system refused kill: not permitted (EPERM).',
      hint: expect.stringContaining('seccomp'),
    });
  });

  test('where no process may be started, the two parts that need one say so', () => {
    const { result, warnings } = done(deny('clone'));
    expect(stopsOf(result)).toEqual(without('sigstop'));
    expect(result.stall?.explanation).toContain('no process could be started that makes it (fork: EPERM)');
    expect(warnings.map(({ code }) => code)).toContain('kvm-part-missing');
  });

  test.each<[Refused, string]>([
    ['tgkill', 'A guest could not be stopped: the signal that makes it leave KVM_RUN is refused (tgkill).'],
    ['kvmCreateVm', 'KVM refused a guest: KVM_CREATE_VM failed with EPERM.'],
  ])('without %s no guest can run: exit 3 and one sentence', (call, sentence) => {
    const { status, stderr } = run(deny(call));
    expect(status).toBe(3);
    expect(stderr.split('\n')[0]).toBe(`tscope: ${sentence}`);
  });

  test.each([1024, 128])('%i open files are enough for everything', (files) => {
    const { result } = done(['prlimit', `--nofile=${files}:${files}`]);
    expect(stopsOf(result)).toEqual(ALL_STOPS);
    expectStalled(result);
  });

  test('with 64 open files Node cannot load a program: one sentence, exit 3', () => {
    const { status, stderr } = run(['prlimit', '--nofile=64:64']);
    expect(status).toBe(3);
    expect(stderr).toMatch(/^tscope: The system refused open: too many open files \(EMFILE\)\.\n.+\n$/);
  });

  test('on one CPU everything is measured', () => {
    const { result } = done(['taskset', '-c', '0']);
    expect(stopsOf(result)).toEqual(ALL_STOPS);
    expectStalled(result);
  });

  test('in a cpuset of one CPU everything is measured', ({ skip }) => {
    const v1 = '/sys/fs/cgroup/cpuset';
    const group = join(existsSync(v1) ? v1 : '/sys/fs/cgroup', `tscope-test-${process.pid}`);
    try {
      mkdirSync(group);
      writeFileSync(join(group, 'cpuset.mems'), '0');
      writeFileSync(join(group, 'cpuset.cpus'), '0');
    } catch (error) {
      if (existsSync(group)) rmdirSync(group);
      skip(`no cpuset can be made: ${error instanceof Error ? error.message : error}`);
    }
    try {
      const { result } = done(['sh', '-ec', `echo $$ > ${group}/cgroup.procs; exec "$@"`, 'sh']);
      expect(stopsOf(result)).toEqual(ALL_STOPS);
      expectStalled(result);
    } finally {
      rmdirSync(group);
    }
  });

  test.skipIf(!traceable).each([
    [
      'no tracefs',
      'mount -t tmpfs none /sys/kernel/tracing',
      'no tracefs is mounted at /sys/kernel/tracing or /sys/kernel/debug/tracing',
    ],
    ['tracefs read-only', 'mount -o remount,bind,ro /sys/kernel/tracing', 'tracefs is mounted read-only'],
  ])('%s: the reason, and the run stands without', (_name, mount, reason) => {
    const { result } = done(mounts(`mount -t tmpfs none /sys/kernel/debug\n${mount}`));
    expect(result.trace).toMatchObject({
      available: false,
      reason,
      callbackNs: null,
      callbackReason: reason,
    });
    expect(result.resume?.kernel).toMatchObject({ reason, callbacks: null });
    expect(stopsOf(result)).toEqual(ALL_STOPS);
    expectStalled(result);
  });

  test.skipIf(!traceable)('in a PID namespace everything but the trace is measured, which says so', () => {
    const { result } = done(['unshare', '--pid', '--fork', '--mount-proc', '--kill-child']);
    expect(stopsOf(result)).toEqual(ALL_STOPS);
    expect(result.trace?.reason).toContain('in a PID namespace of its own');
    expectStalled(result);
  });

  test('a user who may open /dev/kvm and nothing else has everything but the trace', () => {
    const device = join(folder, 'kvm');
    const user = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];
    const lines = `mknod ${device} c 10 232; chown 0:65534 ${device}; chmod 660 ${device}; mount --bind ${device} /dev/kvm`;
    const { result } = done([...mounts(lines), ...user]);
    expect(stopsOf(result)).toEqual(ALL_STOPS);
    expectStalled(result);
    if (traceable) expect(result.trace?.reason).toBe('this user may not use tracefs (EACCES); root may');
  });

  test('without /dev/kvm: one sentence, exit 3, and what still works', () => {
    const devices = join(folder, 'dev');
    mkdirSync(devices);
    const { status, stderr } = run(
      mounts(`cp -a /dev/null /dev/zero /dev/urandom /dev/random ${devices}; mount --bind ${devices} /dev`),
    );
    expect(status).toBe(3);
    expect(stderr).toMatch(/^tscope: There is no \/dev\/kvm: .+\n {2}.+`tscope stop`.+\n$/);
  });

  test.skipIf(!traceable)('none of these leaves a trace behind', () => {
    const left = readdirSync('/sys/kernel/tracing/instances');
    // Another run may be under way beside: what it has is not left.
    const dead = (name: string) => !existsSync(`/proc/${name.split('-')[1]}`);
    expect(left.filter((name) => name.startsWith('tscope-') && dead(name))).toEqual([]);
  });
});
