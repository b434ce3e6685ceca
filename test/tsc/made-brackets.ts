import type { Brackets } from '../../src/tsc/bracket.ts';

/** One bracket as a test writes it. */
export interface Row {
  readonly before: number;
  readonly ns: number;
  readonly after: number;
  readonly batch?: number;
}

/** Brackets from rows, with the base at nothing. */
export const bracketsOf = (rows: readonly Row[], resolutionNs = 1): Brackets => ({
  baseTsc: 0n,
  before: Float64Array.from(rows, ({ before }) => before),
  ns: Float64Array.from(rows, ({ ns }) => ns),
  after: Float64Array.from(rows, ({ after }) => after),
  batch: Int32Array.from(rows, ({ batch }, i) => batch ?? i),
  cpu: new Int32Array(rows.length),
  resolutionNs,
  madeFromTsc: true,
});

/**
 * A bracket around the moment at which a true clock shows `at` ns, for a counter of `rate` ticks for each ns.
 *
 * @param lead,trail ticks between the clock's reading and the two of the counter.
 */
export const around = (at: number, rate: number, lead: number, trail: number, batch = 0): Row => ({
  before: Math.floor(at * rate - lead),
  ns: Math.floor(at),
  after: Math.ceil(at * rate + trail),
  batch,
});
