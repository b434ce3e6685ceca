import { z } from 'zod';
import { policyNames } from '../lapic/policies.ts';

/** What to do about missed periods: the policies of the model. */
export const policyName = z.enum(policyNames);
