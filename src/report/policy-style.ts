import type { PolicyName } from '../lapic/policies.ts';
import { policyName } from '../schema/policy.ts';

/** The colour and marker of each policy, the same in every figure. */
const STYLES: Readonly<Record<PolicyName, number>> = {
  clamp: 0,
  'catch-up': 1,
  skip: 2,
  delay: 3,
  independent: 4,
  reinject: 5,
  freeze: 6,
  gate: 7,
};

/** The style of a policy by its name; of anything else, the first. */
export const policyStyle = (name: string): number => {
  const known = policyName.safeParse(name);
  return known.success ? STYLES[known.data] : 0;
};
