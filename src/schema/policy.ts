import { z } from 'zod';

/** What to do about missed periods; the rules are in src/lapic/policies.ts, which has these names and this order. */
export const policyName = z.enum([
  'independent',
  'catch-up',
  'clamp',
  'skip',
  'delay',
  'freeze',
  'reinject',
  'gate',
]);
