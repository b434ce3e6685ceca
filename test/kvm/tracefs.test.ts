import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { findTracefs, TraceInstance, TraceObstacle } from '../../src/kvm/tracefs.ts';
import { FORMAT, fakeTracefs, pageOf } from './fake-tracefs.ts';

const START = 'timer/hrtimer_start';
const FIELDS = ['hrtimer', 'expires'];
const HOST = 'pid:[4026531836]';

const fakes: ReturnType<typeof fakeTracefs>[] = [];
const fake = (...of: Parameters<typeof fakeTracefs>) => {
  const one = fakeTracefs(...of);
  fakes.push(one);
  return one;
};
afterEach(() => {
  for (const one of fakes.splice(0)) one.remove();
});

/** What a step that fails says. */
function obstacle(step: () => unknown): string {
  try {
    step();
  } catch (error) {
    if (error instanceof TraceObstacle) return error.message;
    throw error;
  }
  return 'none';
}
const failing = (code: string) => () => {
  throw Object.assign(new Error(code), { code });
};

describe('the mount', () => {
  test('is the first that holds instances', () => {
    const { mount } = fake(1);
    const empty = join(mount, 'empty');
    mkdirSync(empty);
    expect(findTracefs([join(mount, 'none'), empty, mount, '/never'], HOST)).toBe(mount);
    expect(obstacle(() => findTracefs([empty, join(mount, 'none')], HOST))).toBe(
      `no tracefs is mounted at ${empty} or ${join(mount, 'none')}`,
    );
  });

  test('that cannot be opened says why, where no other is of use', () => {
    const { mount } = fake(1);
    const file = join(mount, 'file');
    writeFileSync(file, '');
    expect(obstacle(() => findTracefs([file, join(mount, 'none')], HOST))).toBe(
      `opening ${file} failed with ENOTDIR`,
    );
    expect(findTracefs([file, mount], HOST)).toBe(mount);
  });

  test("is of no use where the kernel's trace numbers processes otherwise", () => {
    const { mount } = fake(1);
    expect(obstacle(() => findTracefs([mount], 'pid:[4026532000]'))).toBe(
      "in a PID namespace of its own this process does not know its threads by the numbers of the kernel's trace",
    );
    // A kernel without such namespaces.
    expect(findTracefs([mount], null)).toBe(mount);
  });

  test('loses what killed runs have left there, and nothing that is in use or not ours', () => {
    const { mount } = fake(1);
    const stat = readFileSync('/proc/self/stat', 'utf8');
    const start = stat.slice(stat.lastIndexOf(') ') + 2).split(' ')[19];
    const kept = [
      `tscope-${process.pid}-${start}-0`,
      `tscope-${process.pid}-${start}-12`,
      'perf-1-2-3',
      'tscope-1-2',
    ];
    const left = [`tscope-${process.pid}-1-0`, 'tscope-4194305-77-3'];
    for (const name of [...kept, ...left]) mkdirSync(join(mount, 'instances', name));
    findTracefs([mount], HOST);
    expect(readdirSync(join(mount, 'instances')).sort()).toEqual(kept.sort());
  });

  test('is used all the same where somebody reads what was left', () => {
    const { mount } = fake(1);
    mkdirSync(join(mount, 'instances/tscope-4194305-77-3/read'), { recursive: true });
    expect(findTracefs([mount], HOST)).toBe(mount);
  });
});

describe('an instance', () => {
  test('of one CPU: 4 MiB there and 8 KiB on each other, stamped with the TSC', () => {
    const tracefs = fake(2);
    new TraceInstance(tracefs.mount, 1, tracefs.folders);
    expect(
      ['trace_clock', 'buffer_size_kb', 'per_cpu/cpu1/buffer_size_kb', 'per_cpu/cpu0/buffer_size_kb'].map(
        tracefs.read,
      ),
    ).toEqual(['x86-tsc', '8', '4096', null]);
    expect(tracefs.instance()).toMatch(
      new RegExp(`^${join(tracefs.mount, 'instances')}/tscope-${process.pid}-\\d+-\\d+$`),
    );
  });

  test.each([
    [1, '4096'],
    [4, '4096'],
    [5, '3276'],
    [256, '64'],
    [300, '64'],
  ])('of %i CPUs: 16 MiB in all, 64 KiB to 4 MiB each', (cpus, kb) => {
    const tracefs = fake(cpus);
    new TraceInstance(tracefs.mount, null, tracefs.folders);
    expect(tracefs.read('buffer_size_kb')).toBe(kb);
  });

  test('has a name of its own each time', () => {
    const tracefs = fake(1);
    new TraceInstance(tracefs.mount, 0, tracefs.folders);
    new TraceInstance(tracefs.mount, 0, tracefs.folders);
    expect(readdirSync(join(tracefs.mount, 'instances'))).toHaveLength(2);
  });

  test('that cannot be set up is removed', () => {
    const tracefs = fake(1, { 'events/header_page': 'nothing' });
    expect(obstacle(() => new TraceInstance(tracefs.mount, 0, tracefs.folders))).toBe(
      'events/header_page is not as expected',
    );
    expect(existsSync(tracefs.instance())).toBe(false);
    const without = fake(0);
    expect(obstacle(() => new TraceInstance(without.mount, 0, without.folders))).toBe(
      'setting up the trace failed with ENOENT',
    );
    expect(existsSync(without.instance())).toBe(false);
  });

  test('that the kernel refuses: each reason has its words', () => {
    const { mount, folders } = fake(1);
    const refused = (code: string) =>
      obstacle(() => new TraceInstance(mount, 0, { ...folders, mkdirSync: failing(code) }));
    expect(['EROFS', 'EACCES', 'EPERM', 'ENOMEM'].map(refused)).toEqual([
      'tracefs is mounted read-only',
      'this user may not use tracefs (EACCES); root may',
      'this user may not use tracefs (EPERM); root may',
      'making an instance of the trace failed with ENOMEM',
    ]);
    const defect = () => {
      throw new TypeError('a defect');
    };
    expect(() => new TraceInstance(mount, 0, { ...folders, mkdirSync: defect })).toThrow(TypeError);
  });

  test('is removed once, and a second time without harm', () => {
    const tracefs = fake(1);
    const instance = new TraceInstance(tracefs.mount, 0, tracefs.folders);
    instance.remove();
    expect(existsSync(tracefs.instance())).toBe(false);
    expect(() => instance.remove()).not.toThrow();
  });

  test('goes on and leaves off', () => {
    const tracefs = fake(1);
    const instance = new TraceInstance(tracefs.mount, 0, tracefs.folders);
    instance.recording(false);
    expect(tracefs.read('tracing_on')).toBe('0');
    instance.recording(true);
    expect(tracefs.read('tracing_on')).toBe('1');
    instance.remove();
    expect(obstacle(() => instance.recording(true))).toBe('turning the trace on or off failed with ENOENT');
  });
});

describe('events', () => {
  const recording = (cpu: number | null, cpus = 2, files = {}) => {
    const tracefs = fake(cpus, files);
    const instance = new TraceInstance(tracefs.mount, cpu, tracefs.folders);
    return { ...tracefs, trace: instance };
  };

  test('are enabled once their filter is set; again, it changes', () => {
    const { trace, read } = recording(0);
    trace.record(START, FIELDS, 'common_pid == 7');
    const files = () => [read(`events/${START}/filter`), read(`events/${START}/enable`)];
    expect(files()).toEqual(['common_pid == 7', '1']);
    trace.record(START, FIELDS, '0');
    expect(files()).toEqual(['0', '1']);
  });

  test('that this kernel does not have, or not as they are needed', () => {
    const { trace } = recording(0);
    expect(obstacle(() => trace.record('kvm/none', ['vec'], '0'))).toBe('this kernel has no event kvm/none');
    expect(obstacle(() => trace.record(START, ['hrtimer', 'softexpires'], '0'))).toBe(
      'timer/hrtimer_start has not the fields hrtimer, softexpires',
    );
    const odd = recording(0, 1, { [`events/${START}/format`]: FORMAT.replace('common_type', 'type') });
    expect(obstacle(() => odd.trace.record(START, FIELDS, '0'))).toBe(
      'timer/hrtimer_start has not the fields hrtimer, expires',
    );
    const refused = recording(0, 1, { [`events/${START}/filter/taken`]: '' });
    expect(obstacle(() => refused.trace.record(START, FIELDS, '0'))).toBe(
      'tracing timer/hrtimer_start failed with EISDIR',
    );
  });

  test('are taken with the fields that were asked for, those of all CPUs in the order of time', () => {
    const { trace, write } = recording(null);
    trace.record(START, ['expires'], '0');
    write('per_cpu/cpu0/trace_pipe_raw', pageOf(100n, [0, 1n, 10n], [20, 1n, 11n]));
    write(
      'per_cpu/cpu1/trace_pipe_raw',
      new Uint8Array([...pageOf(90n, [0, 1n, 12n], [20, 1n, -13n]), ...pageOf(115n, [0, 1n, 14n])]),
    );
    expect(trace.take()).toEqual(
      [
        [90n, 12n],
        [100n, 10n],
        [110n, -13n],
        [115n, 14n],
        [120n, 11n],
      ].map(([time, expires]) => ({ name: START, time, fields: { expires } })),
    );
  });

  test('of one CPU only, where that is the one', () => {
    const { trace, write } = recording(1);
    trace.record(START, FIELDS, '0');
    write('per_cpu/cpu0/trace_pipe_raw', pageOf(100n, [0, 1n, 10n]));
    write('per_cpu/cpu1/trace_pipe_raw', pageOf(90n, [5, 2n, 12n]));
    expect(trace.take()).toEqual([{ name: START, time: 95n, fields: { hrtimer: 2n, expires: 12n } }]);
    expect(trace.lost()).toBe(2);
  });

  test('of another kind are passed over, and without any asked for there is none', () => {
    const { trace, write } = recording(0, 1, {
      [`events/${START}/format`]: FORMAT.replace('ID: 460', 'ID: 461'),
    });
    write('per_cpu/cpu0/trace_pipe_raw', pageOf(100n, [0, 1n, 10n]));
    expect(trace.take()).toEqual([]);
    trace.record(START, FIELDS, '0');
    expect(trace.take()).toEqual([]);
  });

  test('are read up to 2,048 pages of a CPU', () => {
    const { trace, write } = recording(0, 1);
    trace.record(START, FIELDS, '0');
    const page = pageOf(1n, [0, 1n, 10n]);
    const pages = (count: number) => {
      const all = new Uint8Array(4096 * count);
      for (let i = 0; i < count; i++) all.set(page, 4096 * i);
      write('per_cpu/cpu0/trace_pipe_raw', all);
      return trace.take().length;
    };
    expect([pages(2048), pages(2049)]).toEqual([2048, 2048]);
  });

  test('that were lost are added up over the CPUs', () => {
    const { trace } = recording(null, 3);
    expect(trace.lost()).toBe(1 + 2 + 3);
    trace.remove();
    expect(obstacle(() => trace.lost())).toBe("reading the trace's losses failed with ENOENT");
  });

  test('that cannot be read say so', () => {
    const { trace, instance } = recording(0, 1);
    trace.record(START, FIELDS, '0');
    trace.remove();
    expect(existsSync(instance())).toBe(false);
    expect(obstacle(() => trace.take())).toBe('reading the trace failed with ENOENT');
  });
});
