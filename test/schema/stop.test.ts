import { expect, test } from 'vitest';
import { policyName } from '../../src/schema/stop.ts';

test('documents know the eight policies of the contract, in the order of the table', () => {
  expect(policyName.options.slice(0, 8)).toEqual([
    ...['independent', 'catch-up', 'clamp', 'skip'],
    ...['delay', 'freeze', 'reinject', 'gate'],
  ]);
});
