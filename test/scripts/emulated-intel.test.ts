import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';

const script = (name: string) => import(join(import.meta.dirname, '../../scripts/emulated-intel', name));
const { judge, burstsOf } = await script('judge.mjs');
const { parseSerial } = await script('bochs.mjs');
const { withoutClamp } = await script('modules.mjs');
const { jobsScript } = await script('jobs.mjs');

const CLAMP =
  '\tif (ktime_before(apic->lapic_timer.target_expiration, now))\n\t\tapic->lapic_timer.target_expiration = now;\n';
const RESTART = 'hrtimer_set_expires(&ktimer->timer, ktimer->target_expiration);';

/** Lines of the function tracer: a tick each ms, then `length` callbacks 4 us apart. */
const traceWithBurst = (length: number) =>
  [0, 1, 2, 3]
    .map((ms) => 10 + ms * 1e-3)
    .concat(Array.from({ length }, (_, i) => 11 + i * 4e-6))
    .map((at) => `  <idle>-0  [000] d.h1.  ${at.toFixed(6)}: apic_timer_fn <-__hrtimer_run_queues`)
    .join('\n');

const JOB = { name: 'kvm', args: ['kvm'], traced: true };
const run = (trace: string, result: object) => ({
  exits: new Map([['kvm', 1]]),
  files: new Map([
    ['kvm.trace', trace],
    ['kvm.json', JSON.stringify({ result })],
  ]),
});
const result = (verdict: string, stop = verdict, path = 'preemption-timer') => ({
  ...{ path, verdict, fix: verdict, periodNs: 1e6, explanation: '' },
  resume: { verdict: stop, missedTicks: 1000, hostCpuNs: 4e6, phaseShiftNs: 0, explanation: '' },
});

test('a burst is as many callbacks as follow one another at once; a tick each period is none', () => {
  expect(burstsOf(traceWithBurst(1003), 1e-3)).toEqual([1003]);
  expect(burstsOf(traceWithBurst(2), 1e-3)).toEqual([]);
});

test('each kernel is held to its own verdict, and a burst to the periods that were missed, within three', () => {
  const faults = (kind: string, trace: string, found: object) => judge(kind, run(trace, found), [JOB]).faults;
  expect(faults('unfixed', traceWithBurst(1003), result('catches-up'))).toEqual([]);
  expect(faults('unfixed', traceWithBurst(1004), result('catches-up'))).toHaveLength(1);
  expect(faults('fixed', traceWithBurst(0), result('clamps'))).toEqual([]);
  expect(faults('fixed', traceWithBurst(1003), result('clamps'))).toHaveLength(1);
  expect(faults('fixed', traceWithBurst(0), result('catches-up'))).toHaveLength(3);
});

test('on the hrtimer the stop keeps running, and the forced delay decides', () => {
  const found = result('catches-up', 'keeps-running', 'hrtimer');
  const job = { name: 'kvm', args: ['kvm'], preemptionTimer: false };
  expect(judge('unfixed', run('', found), [job]).faults).toEqual([]);
  expect(judge('fixed', run('', found), [job]).faults).toHaveLength(2);
});

test('a measurement that says nothing of KVM is not as it must be', () => {
  const job = { name: 'kvm', args: ['measure'] };
  expect(judge('fixed', run('', { kvm: null }), [job]).faults).toEqual(['fixed: kvm has no verdict']);
});

test('the clamp is taken out of a source that has it once, and of no other', () => {
  expect(withoutClamp(`a\n${CLAMP}b\n${RESTART}\n`)).toBe(
    'a\nb\nhrtimer_add_expires_ns(&ktimer->timer, ktimer->period);\n',
  );
  expect(() => withoutClamp(`a\nb\n${RESTART}\n`)).toThrow(/stands there 0 times instead of once/);
  expect(() => withoutClamp(`${CLAMP}${CLAMP}${RESTART}`)).toThrow(/stands there 2 times instead of once/);
});

test('documents come out of the serial line whole, without what the kernel says between their lines', () => {
  const packed = gzipSync('{"a":1}').toString('base64');
  const line = [
    `=== exit host 0`,
    '=== begin host.json',
    packed.slice(0, 10),
    '[    1.0] a message',
    packed.slice(10),
  ];
  const { files, exits, done } = parseSerial([...line, '=== end host.json', '=== done', ''].join('\r\n'));
  expect([...files, ...exits, done]).toEqual([['host.json', '{"a":1}'], ['host', 0], true]);
});

test('the preemption timer is switched only where a job wants it otherwise', () => {
  const jobs = [
    { name: 'a', args: ['host'] },
    { name: 'b', args: ['kvm'], traced: true, preemptionTimer: false },
  ];
  expect(jobsScript(jobs)).toBe(
    'job a plain host --json\nload_kvm preemption_timer=0\njob b traced kvm --json\n',
  );
});
