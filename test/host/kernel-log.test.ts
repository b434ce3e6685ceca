import { expect, test } from 'vitest';
import { kernelLine, tscRemarksIn } from '../../src/host/kernel-log.ts';

test.each([
  [
    '6,120,1500000,-;tsc: Detected 3293.974 MHz processor\n SUBSYSTEM=x',
    { atS: 1.5, text: 'tsc: Detected 3293.974 MHz processor' },
  ],
  [
    '[   12.345678] clocksource: Switched to clocksource hpet',
    { atS: 12.345678, text: 'clocksource: Switched to clocksource hpet' },
  ],
  ['[0] bare', { atS: 0, text: 'bare' }],
  ['no time at all', { atS: null, text: 'no time at all' }],
  // Facility 1: written by a program.
  ['12,121,1500000,-;tsc: Marking TSC unstable due to a joke', null],
])('%s', (record, line) => expect(kernelLine(record)).toEqual(line));

const REMARKS = [
  "4,3,8996144,-;clocksource: timekeeping watchdog on CPU2: Marking clocksource 'tsc' as unstable because the skew is too large:",
  '4,5,9000000,-;tsc: Marking TSC unstable due to clocksource watchdog',
  '[0] tsc: Marking TSC unstable due to running on Hyper-V',
  '4,2,1,-;tsc: tsc_khz recalibrated... Warning: TSC freq calibrated by CPUID/MSR differs from what is calibrated by HW timer, please check with vendor!!',
  '6,2,1,-;tsc: TSC freq recalibrated by [HPET]:\t 2394.455 MHz',
  '4,2,1,-;TSC ADJUST differs: CPU0 0 -1234. Restoring',
  "4,2,1,-;[Firmware Bug]: TSC doesn't count with P0 frequency!",
  '4,2,1,-;TSC synchronization [CPU#0 -> CPU#1]: Measured 2000 cycles TSC warp between CPUs, turning off TSC clock.',
  '4,2,1,-;clocksource:         CPUs 1-3 behind CPU 0 for clocksource tsc.',
  '[0] tsc: Marking TSC unstable due to check_tsc_sync_source failed',
  "[1.5] TSC found unstable after boot, most likely due to broken BIOS. Use 'tsc=unstable'.",
  '[1.5] Clocksource tsc unstable (delta = -4398046511104 ns)',
  '6,2,1,-;clocksource: Switched to clocksource hpet',
];

test('what the kernel says against the TSC is kept, in its own words', () => {
  expect(tscRemarksIn(REMARKS)).toHaveLength(REMARKS.length);
  expect(tscRemarksIn(REMARKS)[0]).toEqual({
    atS: 8.996144,
    text: "clocksource: timekeeping watchdog on CPU2: Marking clocksource 'tsc' as unstable because the skew is too large:",
  });
});

test('what it says while all is well is not, nor what a program wrote', () => {
  const fine = [
    '6,1,0,-;tsc: Fast TSC calibration using PIT',
    '6,1,0,-;tsc: Detected 2295.445 MHz processor',
    '6,2,1,-;tsc: Refined TSC clocksource calibration: 2295.460 MHz',
    '6,2,1,-;clocksource: Switched to clocksource kvm-clock',
    '6,2,1,-;clocksource: Switched to clocksource tsc-early',
    '6,2,1,-;clocksource: Switched to clocksource tsc',
    '6,2,1,-;clocksource: tsc: mask: 0xffffffffffffffff max_cycles: 0x256bf463c9f, max_idle_ns: 440795249076 ns',
    '6,2,1,-;TSC deadline timer available',
    // Words of others that the kernel repeats.
    '5,2,1,-;audit: type=1701 audit(1.0:2): comm="tsc" exe="/tmp/tsc unstable" sig=11',
    '6,2,1,-;tsc unstable[123]: segfault at 0 ip 0000 sp 0000 error 4 in tsc[400000+1000]',
    '6,2,1,-;traps: tsc unstable[123] trap invalid opcode ip:0 sp:0 error:0 in tsc[400000+1000]',
    '5,2,1,-;Kernel command line: root=/dev/sda tsc=reliable note=unstable',
    // Facilities user, daemon and local7, as programs write them.
    ...['12', '28', '188'].flatMap((priority) =>
      REMARKS.filter((each) => each.startsWith('4,')).map((each) => each.replace(/^4/, priority)),
    ),
  ];
  expect(tscRemarksIn(fine)).toEqual([]);
});

test('of its switches between clocksources only the last counts', () => {
  const switches = ['kvm-clock', 'tsc', 'hpet', 'acpi_pm'].map(
    (name) => `[1.0] clocksource: Switched to clocksource ${name}`,
  );
  expect(tscRemarksIn(switches)).toEqual([{ atS: 1, text: 'clocksource: Switched to clocksource acpi_pm' }]);
});

test('a kernel that never stops complaining is cut off', () => {
  expect(tscRemarksIn(Array.from({ length: 30 }, () => REMARKS[1] ?? ''))).toHaveLength(20);
});
