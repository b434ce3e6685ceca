import { expect, test } from 'vitest';
import { configFor, lapicDefaults } from '../../src/lapic/config.ts';

test('a timer of this host is KVM by default, but for its TSC, its path and a shorter period than KVM runs', () => {
  expect(configFor(2_596_130, 1_000_000n, false)).toEqual({
    ...lapicDefaults,
    guestTscKhz: 2_596_130,
    hvTimer: false,
    minTimerPeriodUs: 200,
  });
  expect(configFor(2_596_130, 100_000n, true)).toEqual({
    ...lapicDefaults,
    guestTscKhz: 2_596_130,
    hvTimer: true,
    minTimerPeriodUs: 100,
  });
});
