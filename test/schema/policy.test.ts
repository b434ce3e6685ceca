import { expect, test } from 'vitest';
import { policyNames } from '../../src/lapic/policies.ts';
import { policyName } from '../../src/schema/policy.ts';

test('documents know the policies of the model, in its order', () => {
  expect(policyName.options).toEqual(policyNames);
});
