import { expect, test } from 'vitest';
import { policyName } from '../../src/schema/policy.ts';

test('documents know the eight policies, in the order of the table', () => {
  expect(policyName.options).toEqual([
    ...['independent', 'catch-up', 'clamp', 'skip'],
    ...['delay', 'freeze', 'reinject', 'gate'],
  ]);
});
