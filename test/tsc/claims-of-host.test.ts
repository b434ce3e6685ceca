import { beforeEach, expect, test, vi } from 'vitest';
import type { Registers } from '../../src/host/cpuid.ts';
import { known, unknown } from '../../src/host/fact.ts';
import { collectClaims } from '../../src/tsc/claims/collect.ts';

/** What a host gives that a test makes up; null: it refuses. */
const host = vi.hoisted(() => ({
  files: new Map<string, string>(),
  cpuid: null as ((leaf: number) => Registers | null) | null,
  log: null as string[] | null,
  perf: null as readonly bigint[] | null,
  pvclock: null as bigint | null,
  vvar: null as { mult: number; shift: number } | null,
  kvmKhz: null as number | null,
}));
const refuse = vi.hoisted(() => (path: string): never => {
  throw Object.assign(new Error(`EACCES: permission denied, open '${path}'`), {
    code: 'EACCES',
    syscall: 'open',
    path,
  });
});
vi.mock('node:fs', async (original) => ({
  ...(await original<typeof import('node:fs')>()),
  readFileSync: (path: string) => host.files.get(path) ?? refuse(path),
}));
vi.mock('../../src/native.ts', () => ({
  native: () => ({
    readPerfTime: (words: BigInt64Array) => words.set(host.perf ?? refuse('perf')),
    peek: (address: bigint, words: BigInt64Array) => {
      expect(address).toBe(0x7000_2000n);
      words[3] = host.pvclock ?? refuse('the page');
    },
  }),
}));
vi.mock('../../src/host/cpuid.ts', async (original) => ({
  ...(await original<typeof import('../../src/host/cpuid.ts')>()),
  cpuid: (leaf: number) => (host.cpuid ?? (() => refuse('cpuid')))(leaf),
}));
vi.mock('../../src/host/kernel-log.ts', async (original) => ({
  ...(await original<typeof import('../../src/host/kernel-log.ts')>()),
  kernelLog: () => host.log ?? refuse('/dev/kmsg'),
}));
vi.mock('../../src/host/kvm.ts', () => ({
  kvmFacts: () => ({
    available: host.kvmKhz === null ? known(false, '/dev/kvm: it is not there') : known(true, '/dev/kvm'),
    tscKhz: host.kvmKhz === null ? unknown('no /dev/kvm to ask') : known(host.kvmKhz, 'KVM_GET_TSC_KHZ'),
  }),
}));
vi.mock('../../src/host/vvar.ts', () => ({
  vvarConversion: () =>
    host.vvar === null ? unknown('vvar page: no page of it may be read') : known(host.vvar, 'vvar page'),
}));

const CPU0 = '/sys/devices/system/cpu/cpu0';
const claimed = () => collectClaims().map(({ source, hz, reason }) => [source, hz, reason]);

beforeEach(() => {
  host.files.clear();
  host.cpuid = null;
  host.log = null;
  host.perf = null;
  host.pvclock = null;
  host.vvar = null;
  host.kvmKhz = null;
});

test('who names which frequency, and what it is', () => {
  host.cpuid = (leaf) =>
    ({
      0: [0x16, 0, 0, 0] as const,
      21: [2, 208, 25_000_000, 0] as const,
      22: [0xffff_0000 + 2600, 3700, 100, 0] as const,
      1073741824: [0x40000010, 0, 0, 0] as const,
      1073741840: [2_600_001, 0, 0, 0] as const,
    })[leaf] ?? null;
  host.log = [
    '6,1,58,-;tsc: Detected 2600.000 MHz processor\n',
    '6,2,99,-;tsc: Refined TSC clocksource calibration: 2599.993 MHz\n',
  ];
  // (ticks * 2^24 / 2.5) >> 24, so that a ns has 2.5 ticks.
  host.perf = [1n, 6_710_886n, 24n];
  host.files.set('/proc/self/maps', '70002000-70003000 r--p 00000000 00:00 0   [vvar_vclock]\n');
  // As seen in a guest: mul 0xc537a1a0, shift -1.
  host.pvclock = (0xffn << 32n) | 0xc537_a1a0n;
  host.vvar = { mult: 8_388_608, shift: 24 };
  host.files.set(`${CPU0}/tsc_freq_khz`, '2600000\n');
  host.files.set('/proc/cpuinfo', 'processor\t: 0\ncpu MHz\t\t: 2599.998\ncache size\t: 1 KB\n');
  host.files.set(`${CPU0}/cpufreq/cpuinfo_max_freq`, '3700000\n');
  host.kvmKhz = 2_599_990;
  expect(claimed()).toEqual([
    ['CPUID 0x15', 2.6e9, "the crystal's nominal frequency"],
    ['CPUID 0x16', 2.6e9, 'the base frequency in whole MHz, up to 1 % from the TSC'],
    ['CPUID 0x40000010', 2_600_001_000, 'what the hypervisor believes, in whole kHz'],
    ['kernel log, "Detected"', 2.6e9, 'what the kernel found early at boot, in whole kHz'],
    [
      'kernel log, "Refined"',
      2_599_993_000,
      'what the kernel measured against another timer over the first second',
    ],
    ['perf mmap page', expect.closeTo(2.5e9, -3), "the kernel's own tsc_khz"],
    [
      'vvar page',
      2e9,
      "mult 8388608 >> 24: what the kernel's own vDSO makes CLOCK_MONOTONIC_RAW of the TSC by",
    ],
    [
      'pvclock page',
      expect.closeTo(2_596_121_000, -3),
      expect.stringMatching(
        /^the hypervisor's scale; Linux truncates it to 2596120 kHz, and its clocks then gain \+\d+(\.\d+)? pp[bm] on this$/,
      ),
    ],
    [`${CPU0}/tsc_freq_khz`, 2.6e9, "the kernel's own tsc_khz"],
    ['KVM_GET_TSC_KHZ', 2_599_990_000, 'what KVM here would give to a guest, in whole kHz'],
    [
      '/proc/cpuinfo "cpu MHz" (not the TSC)',
      2_599_998_000,
      "the core's speed at this moment, in a guest often copied from the TSC's",
    ],
    ['cpuinfo_max_freq (not the TSC)', 3.7e9, "the core's highest speed"],
  ]);
});

test('where everything is refused, each says what it would have asked', () => {
  const reasons = Object.fromEntries(claimed().map(([source, , reason]) => [source, reason]));
  expect(claimed().every(([, hz]) => hz === null)).toBe(true);
  expect(Object.keys(reasons)).toHaveLength(12);
  for (const source of [
    'CPUID 0x15',
    'CPUID 0x16',
    'CPUID 0x40000010',
    'perf mmap page',
    `${CPU0}/tsc_freq_khz`,
    '/proc/cpuinfo "cpu MHz" (not the TSC)',
    'cpuinfo_max_freq (not the TSC)',
  ])
    expect(reasons[source], source).toContain('EACCES');
  for (const source of ['kernel log, "Detected"', 'kernel log, "Refined"'])
    expect(reasons[source]).toMatch(/^\/dev\/kmsg: .*EACCES/);
  expect(reasons['vvar page']).toBe('no page of it may be read');
  expect(reasons['pvclock page']).toMatch(/EACCES.*: no kvm-clock in this system$/);
  expect(reasons['KVM_GET_TSC_KHZ']).toBe('/dev/kvm: it is not there');
});

test('where everything answers and nothing is said, each says what is missing', () => {
  host.cpuid = (leaf) => (leaf === 0 ? [0xd, 0, 0, 0] : null);
  host.log = [];
  host.perf = [0n, 5n, 24n];
  host.files.set('/proc/self/maps', '');
  host.files.set(`${CPU0}/tsc_freq_khz`, '0\n');
  host.files.set('/proc/cpuinfo', 'processor\t: 0\n');
  host.files.set(`${CPU0}/cpufreq/cpuinfo_max_freq`, '\n');
  host.vvar = { mult: 1, shift: 32 };
  expect(claimed().map(([, hz, reason]) => [hz, reason])).toEqual(
    [
      'this CPU has no such leaf',
      'this CPU has no such leaf',
      'there is no hypervisor',
      'no such line; the log may have been overwritten',
      'no such line: the kernel trusts its source, or the log was overwritten',
      'cap_user_time is 0: not offered here, as in KVM guests',
      'it gives 4.29e+18 Hz, which no TSC has',
      'the kernel maps no such page',
      'empty',
      '/dev/kvm: it is not there',
      'no such line',
      'empty',
    ].map((reason) => [null, reason]),
  );
  host.perf = [1n, 0n, 24n];
  host.files.set('/proc/self/maps', '70002000-70003000 r--p 00000000 00:00 0   [vvar_vclock]\n');
  host.pvclock = 0n;
  const reasons = claimed().map(([, , reason]) => reason);
  expect([reasons[5], reasons[7]]).toEqual([
    'cap_user_time is 0: not offered here, as in KVM guests',
    'the hypervisor left it empty',
  ]);
});
