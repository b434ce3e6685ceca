import { expect, test } from 'vitest';
import {
  divideCountOf,
  lvttTimerMode,
  lvttWritable,
  tdcrWritable,
  timerModeName,
} from '../../src/lapic/registers.ts';

test.each([
  [0x0, 2],
  [0x1, 4],
  [0x2, 8],
  [0x3, 16],
  [0x8, 32],
  [0x9, 64],
  [0xa, 128],
  [0xb, 1],
])('TDCR 0x%s divides by %i', (tdcr, divide) => {
  expect(divideCountOf(tdcr)).toBe(divide);
});

test('TDCR keeps bits 3, 1 and 0', () => {
  expect(tdcrWritable(0xffff_ffff)).toBe(0xb);
  expect(tdcrWritable(0x4)).toBe(0);
});

test('LVTT keeps vector, delivery pending, mask and the mode bits that CPUID offers', () => {
  expect(lvttWritable(0xffff_ffff, true)).toBe(0x710ff);
  expect(lvttWritable(0xffff_ffff, false)).toBe(0x310ff);
});

test.each([
  [0x00020, true, 'one-shot'],
  [0x20020, true, 'periodic'],
  [0x40020, true, 'tsc-deadline'],
  [0x60020, true, 'reserved'],
  [0x40020, false, 'one-shot'],
  [0x60020, false, 'periodic'],
] as const)('LVTT 0x%s with TSC-deadline %s is %s', (lvtt, tscDeadlineTimer, name) => {
  expect(timerModeName(lvttTimerMode(lvttWritable(lvtt, tscDeadlineTimer), tscDeadlineTimer))).toBe(name);
});
