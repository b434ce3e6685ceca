import { z } from 'zod';

/** Absolute ktime, TSC or deadline: a decimal string, because it passes 2^53. */
export const absolute = z.string().regex(/^-?\d+$/);

/** A count of things. */
export const count = z.int().min(0);

/** Rows of a store, by what they hold. */
export const rowCounts = z.strictObject({ minutes: count, samples: count, events: count, documents: count });

/** What a set of durations looked like, ns. */
export const percentiles = z.strictObject({ p50: z.number(), p99: z.number() });

/** A standard error or another bound of an error. */
export const errorSize = z.number().min(0);
