import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DIVIDES, minPeriodNs, timerSetup } from '../../src/kvm/timer-setup.ts';
import { divideCountOf } from '../../src/lapic/registers.ts';

const usage = (text: string) =>
  expect.objectContaining({ code: 'USAGE', message: expect.stringContaining(text) });

test('the registers are what the timer needs for the period, at every divide count', () => {
  expect(DIVIDES).toEqual([1, 2, 4, 8, 16, 32, 64, 128]);
  fc.assert(
    fc.property(
      fc.constantFrom(...DIVIDES),
      fc.integer({ min: 1, max: 2 ** 32 - 1 }),
      (divide, initialCount) => {
        const setup = timerSetup(initialCount * divide, divide, 0);
        expect(setup).toMatchObject({ initialCount, periodNs: initialCount * divide });
        expect(divideCountOf(setup.divideRegister)).toBe(divide);
      },
    ),
  );
});

test('a period below the limit of KVM becomes the limit', () => {
  expect(timerSetup(100_000, 1, 200_000)).toMatchObject({ initialCount: 100_000, periodNs: 200_000 });
});

test('what the timer cannot do is refused, naming the flag', () => {
  expect(() => timerSetup(1_000_000, 3, 0)).toThrow(usage('`divide`: 3 is not one of 1, 2, 4'));
  expect(() => timerSetup(1_000_001, 128, 0)).toThrow(usage('`periodNs`'));
  expect(() => timerSetup(5e9, 1, 0)).toThrow(usage('`periodNs`'));
  expect(() => timerSetup(0, 1, 0)).toThrow(usage('`periodNs`'));
  expect(() => timerSetup(1_000_001, 128, 0)).toThrow(
    expect.objectContaining({ hint: 'The period must be a multiple of the divide count.' }),
  );
});

test('the limit of this host is a whole number of microseconds', () => {
  expect(minPeriodNs() % 1000).toBe(0);
  expect(minPeriodNs()).toBeGreaterThan(0);
});

test("KVM's default where the parameter cannot be read", () => {
  expect(minPeriodNs('/proc/none')).toBe(200_000);
});
