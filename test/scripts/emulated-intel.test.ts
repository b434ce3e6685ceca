import { chmodSync, existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, expect, test, vi } from 'vitest';

const script = (name: string) => import(join(import.meta.dirname, '../../scripts/emulated-intel', name));
const { judge } = await script('judge.mjs');
const { afterResume, burstsOf } = await script('kernel-trace.mjs');
const { fixtureOf } = await script('fixtures.mjs');
const { isOver, parseSerial } = await script('bochs.mjs');
const { withoutClamp } = await script('modules.mjs');
const { JOBS, jobsOf, jobsScript } = await script('jobs.mjs');
const { optionsOf } = await script('options.mjs');
const { newestRelease, requirePackages } = await script('packages.mjs');
const { secondsLeft } = await script('time-left.mjs');
const { builtFolder } = await script('built-folder.mjs');

const CLAMP =
  '\tif (ktime_before(apic->lapic_timer.target_expiration, now))\n\t\tapic->lapic_timer.target_expiration = now;\n';
const RESTART = 'hrtimer_set_expires(&ktimer->timer, ktimer->target_expiration);';

const line = (name: string, at: number) =>
  `  <idle>-0  [000] d.h1.  ${at.toFixed(6)}: ${name} <-__hrtimer_run_queues`;

/** Lines of the function tracer: a tick each ms, then `length` callbacks 4 us apart. */
const traceWithBurst = (length: number) =>
  [0, 1, 2, 3]
    .map((ms) => 10 + ms * 1e-3)
    .concat(Array.from({ length }, (_, i) => 11 + i * 4e-6))
    .map((at) => line('apic_timer_fn', at))
    .join('\n');

const JOB = { name: 'kvm', args: ['kvm'], traced: true };
const run = (trace: string, document: object, code = 1) => ({
  exits: new Map([['kvm', code]]),
  files: new Map([
    ['kvm.trace', trace],
    ['kvm.json', JSON.stringify(document)],
  ]),
});
const stopOf = (verdict: string, path: string) => ({
  ...{
    loop: 'spin',
    stop: 'pause',
    path,
    verdict,
    missedTicks: 1000,
    firstInterruptNs: 4e6,
    phaseShiftNs: 0,
  },
  ...{ burst: verdict === 'catches-up' ? { callbacks: 1004 } : null, explanation: '' },
});
const result = (verdict: string, stop = verdict, path = 'preemption-timer', ofGuest = path) => ({
  result: {
    ...{ path, verdict, fix: verdict, periodNs: 1e6, explanation: '', otherStops: [] },
    resume: stopOf(stop, ofGuest),
  },
});
const faults = (kind: string, trace: string, found: object, job: object = JOB): string[] =>
  judge(kind, run(trace, found), [job]).faults;

test('a burst is as many callbacks as follow one another at once; a tick each period is none', () => {
  expect(burstsOf(traceWithBurst(1003), 1e-3)).toEqual([1003]);
  expect(burstsOf(traceWithBurst(2), 1e-3)).toEqual([]);
  const apart = (us: number) =>
    Array.from({ length: 30 }, (_, i) => line('apic_timer_fn', 10 + i * us * 1e-6)).join('\n');
  expect(burstsOf(apart(49), 1e-3)).toEqual([30]);
  expect(burstsOf(apart(51), 1e-3)).toEqual([]);
});

test('each kernel is held to its own verdict, and the burst of a stop to the one in the trace, within three', () => {
  expect(faults('unfixed', traceWithBurst(1001), result('catches-up'))).toEqual([]);
  expect(faults('unfixed', traceWithBurst(1000), result('catches-up'))).toEqual([
    'unfixed, kvm: spin, pause: no burst of about 1004 callbacks is in the trace (1000)',
  ]);
  expect(faults('fixed', traceWithBurst(99), result('clamps'))).toEqual([]);
  expect(faults('fixed', traceWithBurst(100), result('clamps'))).toHaveLength(1);
  expect(faults('fixed', traceWithBurst(0), result('catches-up'))).toHaveLength(3);
});

test('on the hrtimer the stop keeps running, and the forced delay decides', () => {
  const found = result('catches-up', 'keeps-running', 'hrtimer');
  const job = { name: 'kvm', args: ['kvm'], preemptionTimer: false };
  expect(faults('unfixed', '', found, job)).toEqual([]);
  expect(faults('fixed', '', found, job)).toHaveLength(2);
});

test('a guest that had fallen back to the software timer must claim nothing', () => {
  const of = (verdict: string) =>
    faults('unfixed', traceWithBurst(0), result('catches-up', verdict, 'preemption-timer', 'hrtimer'));
  expect(of('inconclusive')).toEqual([]);
  expect(of('keeps-running')).toHaveLength(1);
});

test('a measurement that says nothing of KVM, and a job that failed, are not as they must be', () => {
  const job = { name: 'kvm', args: ['measure'] };
  expect(faults('fixed', '', { result: { kvm: null } }, job)).toEqual(['fixed, kvm: has no verdict']);
  const timer = { name: 'kvm', args: ['timer'] };
  expect(judge('fixed', run('', { result: {} }, 1), [timer]).faults).toEqual(['fixed, kvm: exit code 1: ']);
  expect(judge('fixed', run('', { result: {} }, 70), [job]).faults).toHaveLength(2);
});

test('a measurement whose time was over before a stop was made must claim nothing', () => {
  const job = { name: 'kvm', args: ['measure'] };
  const cut = (verdict: string, fix: string) =>
    judge('fixed', run('', { result: { kvm: { verdict, fix, path: 'unknown', resume: null } } }), [job]);
  expect(cut('inconclusive', 'untested')).toEqual({
    documents: [{ kernel: 'fixed', job: 'kvm', guest: 'no time left', verdict: 'inconclusive' }],
    ...{ recordings: [], faults: [] },
  });
  expect(cut('inconclusive', 'clamps').faults).toHaveLength(1);
  expect(cut('clamps', 'untested').faults).toHaveLength(1);
});

test('test data name the kernel, the machine and the command, and hold documents, stops and delays', () => {
  const { stop, trace, document } = recording(3, 2);
  const jobs = [
    { name: 'kvm', args: ['kvm'] },
    { name: 'stops', args: ['record', 'stops'], traced: true },
    { name: 'delays', args: ['record', 'delays'], preemptionTimer: false },
    { name: 'host', args: ['host'] },
  ];
  const json = (value: object) => JSON.stringify(value);
  const files = new Map([
    ['kvm.json', json({ result: {} })],
    ['stops.json', json({ ...document, stops: [stop] })],
    ['stops.trace', trace],
    ['delays.json', json({ ...document, stops: [stop], delays: { stalls: [] } })],
    ['host.json', json({ result: {} })],
  ]);
  const made = { kind: 'unfixed', release: '6.1.0-1-cloud-amd64', machine: 'Bochs', command: 'run' };
  const name = 'spin-pause-1000us-1000ms';
  expect(fixtureOf({ ...made, jobs, files })).toEqual({
    about: {
      kernel: "Debian's Linux 6.1.0-1-cloud-amd64, KVM's modules with the clamp taken out of lapic.c",
      ...{ machine: 'Bochs', command: 'run', units: expect.any(String) },
    },
    documents: { kvm: { result: {} } },
    stops: [
      { name, preemptionTimer: true, record: stop.record, kernel: afterResume(trace, stop) },
      { name, preemptionTimer: false, record: stop.record, kernel: null },
    ],
    delays: { stalls: [] },
  });
});

/** A guest that was resumed at 12 s: this many callbacks and expirations from then on, all at once. */
const recording = (callbacks: number, expirations: number) => {
  const at = (name: string, count: number) =>
    Array.from({ length: count }, (_, i) => line(name, 12 + i * 4e-6));
  const record = { loop: 'spin', stop: 'pause', periodNs: 1e6, leftNs: -1e9, deliveriesNs: [-1e9, 5e4, 1e7] };
  const trace = [
    ...[line('apic_timer_fn', 9), line('apic_timer_fn', 10.9)],
    ...[...at('apic_timer_fn', callbacks), ...at('kvm_lapic_expired_hv_timer', expirations)],
    line('apic_timer_fn', 12.5),
  ].join('\n');
  const stop = { record, path: 'preemption-timer', model: { clamp: 0, 'catch-up': 1010 } };
  return {
    trace,
    stop: { ...stop, fromKtime: '10000000000', toKtime: '12400000000' },
    document: { host: { preemptionTimer: true }, delays: null },
  };
};

test('what ran after the resume is counted from the end of the stop to the last interrupt', () => {
  const { trace, stop } = recording(3, 2);
  expect(afterResume(trace, stop)).toEqual({ callbacksUs: [0, 4, 8], expirationsUs: [0, 4] });
});

test("the model's callbacks are held to the kernel's for each stop, within three; a clamp expires exactly twice", () => {
  const of = (kind: string, callbacks: number, expirations: number): string[] => {
    const { trace, stop, document } = recording(callbacks, expirations);
    const job = { name: 'kvm', args: ['record', 'stops'], traced: true };
    return judge(kind, run(trace, { ...document, stops: [stop] }, 0), [job]).faults;
  };
  expect(of('unfixed', 1007, 1)).toEqual([]);
  expect(of('unfixed', 1013, 1)).toEqual([]);
  expect(of('unfixed', 1006, 1)).toHaveLength(1);
  expect(of('unfixed', 1014, 1)).toHaveLength(1);
  expect(of('fixed', 3, 2)).toEqual([]);
  expect(of('fixed', 4, 2)).toHaveLength(1);
  for (const expirations of [1, 3]) expect(of('fixed', 1, expirations)).toHaveLength(1);
});

test('the time left goes by how long the jobs take, and by how fast this machine has been', () => {
  const jobs = [{ seconds: 40 }, { seconds: 100 }, { seconds: 60 }];
  expect(secondsLeft(jobs, 0, 0)).toBe(250);
  expect(secondsLeft(jobs, 1, 180)).toBe(320);
  expect(secondsLeft(jobs, 3, 500)).toBe(0);
});

test('what was only half made is made again, and what is whole is used again', () => {
  const path = join(mkdtempSync(join(tmpdir(), 'tscope-built-')), 'folder');
  const make = (text: string) => (folder: string) => writeFileSync(join(folder, 'file'), text);
  expect(() =>
    builtFolder(path, (folder: string) => {
      make('half')(folder);
      throw new Error('interrupted');
    }),
  ).toThrow('interrupted');
  expect(existsSync(path)).toBe(false);
  builtFolder(path, make('whole'));
  builtFolder(path, make('again'));
  expect(readFileSync(join(path, 'file'), 'utf8')).toBe('whole');
});

test('of a machine that ended early the jobs that it came to are judged, and the end is a fault', () => {
  const early = { ...run(traceWithBurst(1001), result('catches-up')), fault: 'ended before its last job' };
  const later = { name: 'host', args: ['host', '--json'] };
  const { documents, faults: found } = judge('unfixed', early, [JOB, later]);
  expect(documents).toMatchObject([{ job: 'kvm', verdict: 'catches-up', "kernel's": 1001 }]);
  expect(found).toEqual(['unfixed: ended before its last job']);
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
  const text = [
    `=== exit host 0`,
    '=== begin host.json',
    packed.slice(0, 10),
    '[    1.0] a message',
    packed.slice(10),
  ];
  const { files, exits, done } = parseSerial([...text, '=== end host.json', '=== done', ''].join('\r\n'));
  expect([...files, ...exits, done]).toEqual([['host.json', '{"a":1}'], ['host', 0], true]);
});

test('a file that a message fell into is left out; the others are not lost with it', () => {
  const packed = gzipSync('{"a":1}').toString('base64');
  const text = [
    ...['=== begin a.json', packed.slice(0, 10), 'Oops', packed.slice(10), '=== end a.json'],
    ...['=== begin b.json', packed, '=== end b.json', ''],
  ].join('\n');
  expect([...parseSerial(text).files.keys()]).toEqual(['b.json']);
});

test('a machine is over with its last job, with a panic, and where it starts anew', () => {
  expect(isOver('=== up\r\n=== exit host 0\r\n')).toBe(false);
  expect(isOver('=== up\r\n=== exit host 0\r\n=== done\r\n')).toBe(true);
  expect(isOver('[    4.2] Kernel panic - not syncing: Attempted to kill init!\r\n')).toBe(true);
  expect(isOver('=== up\r\n=== up\r\n')).toBe(true);
});

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

/** Debian's tools as they are on a host that has everything, but an older source of the series. */
function stubDebian(): void {
  const folder = mkdtempSync(join(tmpdir(), 'tscope-debian-'));
  const tools = {
    'apt-cache': `case "$1" in
      policy) echo "  Candidate: 6.1.192-2" ;;
      search) case "$3" in *6.1*) printf 'linux-headers-6.1.0-%s-cloud-amd64 - headers\\n' 9 56 47 ;; esac ;;
    esac`,
    'dpkg-query': `case "$4" in
      linux-source-6.1) echo "install ok installed 6.1.170-1" ;;
      *) echo "install ok installed 6.1.192-2" ;;
    esac`,
  };
  for (const [name, text] of Object.entries(tools)) {
    writeFileSync(join(folder, name), `#!/bin/sh\n${text}\n`);
    chmodSync(join(folder, name), 0o755);
  }
  vi.stubEnv('PATH', folder);
}

test('the newest kernel of a series is taken; of a series that apt does not know it says what to do', () => {
  stubDebian();
  expect(newestRelease('6.1')).toBe('6.1.0-56-cloud-amd64');
  expect(() => newestRelease('9.9')).toThrow(
    'apt knows no linux-headers-9.9.*-cloud-amd64: run apt-get update, or choose another --kernel',
  );
});

test('a user is told which packages to install; a source that is older than the headers is one of them', () => {
  stubDebian();
  vi.spyOn(process, 'getuid').mockReturnValue(1000);
  expect(() => requirePackages('6.1.0-56-cloud-amd64', '6.1')).toThrow(
    'packages are missing or of another version; as root: apt-get install --yes --no-install-recommends linux-source-6.1',
  );
});

test('where there is no apt, it says what this needs', () => {
  vi.stubEnv('PATH', '/nonexistent');
  expect(() => newestRelease('6.1')).toThrow('apt-cache is not here: this needs a Debian system');
});

test('each argument that is not accepted is told in a sentence, before anything is installed, built or booted', () => {
  const said = (...args: string[]): string => {
    try {
      return JSON.stringify(optionsOf(args));
    } catch (error) {
      return (error as Error).message;
    }
  };
  const jobs = 'the jobs are kvm-1ms-1s, stops, delays, kvm-500us-300ms, host, timer, measure';
  const file = join(mkdtempSync(join(tmpdir(), 'tscope-options-')), 'file');
  writeFileSync(file, '');
  const tries: [string[], string][] = [
    [['--only', 'x'], '--only "x": it is fixed or unfixed'],
    [['--jobs', 'host,x'], `--jobs "x": ${jobs}`],
    [['--jobs', ''], `--jobs "": ${jobs}`],
    [['--only', 'fixed', '--jobs', 'timer'], '--jobs "timer": none of them is run on the fixed kernel'],
    [['--cpus', '3'], '--cpus "3": the host has 1 or 2'],
    [['--cpus', ''], '--cpus "": the host has 1 or 2'],
    [['--kernel', '; rm'], '--kernel "; rm": a series is two numbers, such as 6.1'],
    [['--kernel', '6.1.0-56'], '--kernel "6.1.0-56": a series is two numbers, such as 6.1'],
    [['--fixtures', file], `--fixtures "${file}": no folder that can be written to (EEXIST)`],
    [['--fixtures', ''], '--fixtures "": no folder that can be written to (ENOENT)'],
    [['--nope'], "Unknown option '--nope'"],
    [['nope'], "Unexpected argument 'nope'"],
  ];
  for (const [args, sentence] of tries) expect(said(...args)).toBe(sentence);
});

test('without arguments both kernels of 6.1 run every job on two CPUs; a folder for test data is made at once', () => {
  const all = { help: false, series: '6.1', kinds: ['fixed', 'unfixed'], cpus: 2 };
  expect(optionsOf([])).toEqual(all);
  const fixtures = join(mkdtempSync(join(tmpdir(), 'tscope-options-')), 'a/b');
  const args = ['--kernel', '6.12', '--jobs', 'host,measure', '--only', 'fixed', '--cpus', '1'];
  expect(optionsOf([...args, '--fixtures', fixtures])).toEqual({
    ...{ ...all, series: '6.12', kinds: ['fixed'], names: ['host', 'measure'], cpus: 1, fixtures },
  });
  expect(existsSync(fixtures)).toBe(true);
  expect(optionsOf(['--jobs', 'timer']).kinds).toEqual(['unfixed']);
});

test('each job is run on both kernels, or on the one that it names; together both fit a quarter of an hour', () => {
  const names = (kind: string, wanted?: string[]) =>
    jobsOf(kind, wanted).map(({ name }: { name: string }) => name);
  const both = ['kvm-1ms-1s', 'stops', 'delays', 'kvm-500us-300ms'];
  expect(names('fixed')).toEqual([...both, 'host']);
  expect(names('unfixed')).toEqual([...both, 'timer']);
  expect(names('unfixed', ['stops', 'host', 'measure'])).toEqual(['stops', 'measure']);
  expect(new Set(JOBS.map(({ name }: { name: string }) => name)).size).toBe(JOBS.length);
  for (const kind of ['fixed', 'unfixed'])
    expect(secondsLeft(jobsOf(kind), 0, 0), kind).toBeLessThanOrEqual(15 * 60);
});

test('the preemption timer is switched only where a job wants it otherwise', () => {
  const jobs = [
    { name: 'a', args: ['host', '--json'] },
    { name: 'b', args: ['record', 'stops'], traced: true, preemptionTimer: false },
  ];
  expect(jobsScript(jobs)).toBe(
    'job a plain main.js host --json\nload_kvm preemption_timer=0\njob b traced record.js stops\n',
  );
});
