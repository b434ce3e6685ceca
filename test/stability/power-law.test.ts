import { expect, test } from 'vitest';
import {
  ALPHAS,
  differenceCovariance,
  differenceVariance,
  phaseCovariance,
} from '../../src/stability/power-law.ts';

test('flicker PM: the digamma function at half-integers', () => {
  // psi(1/2) = -gamma - 2 ln 2, and psi(x + 1) = psi(x) + 1 / x.
  let psi = -0.577_215_664_901_532_9 - 2 * Math.LN2;
  for (let t = 0; t < 40; t += 1) {
    expect(phaseCovariance(1, t), `t = ${t}`).toBeCloseTo(-psi, 9);
    expect(phaseCovariance(1, -t)).toBe(phaseCovariance(1, t));
    psi += 1 / (t + 0.5);
  }
});

test('the other noises: powers of the lag, with a logarithm where alpha is odd', () => {
  const at = (t: number) => ALPHAS.filter((alpha) => alpha !== 1).map((alpha) => phaseCovariance(alpha, t));
  expect(at(0)).toEqual([1, 0, 0, 0, 0, 0].map((value) => expect.closeTo(value, 15)));
  const ln3 = Math.log(3);
  for (const t of [3, -3])
    expect(at(t)).toEqual([0, -3, 9 * ln3, 27, -81 * ln3, -243].map((value) => expect.closeTo(value, 12)));
});

/** The covariance of sums of phase points, straight from their weights. */
const covariance = (alpha: number, a: ReadonlyMap<number, number>, b: ReadonlyMap<number, number>) => {
  let sum = 0;
  for (const [i, weight] of a)
    for (const [j, other] of b) sum += weight * other * phaseCovariance(alpha, i - j);
  return sum;
};
/** The weights of the difference of `order` over m steps that starts at `from`, averaged over `count` neighbours. */
function difference(order: 2 | 3, m: number, from: number, count = 1): Map<number, number> {
  const binomial = order === 2 ? [1, -2, 1] : [-1, 3, -3, 1];
  const weights = new Map<number, number>();
  for (let k = 0; k < count; k += 1)
    for (const [i, weight] of binomial.entries()) {
      const point = from + k + i * m;
      weights.set(point, (weights.get(point) ?? 0) + weight / count);
    }
  return weights;
}
const near = (found: number, wanted: number, what: string) =>
  expect(Math.abs(found - wanted), what).toBeLessThan(1e-8 * (1 + Math.abs(wanted)));

// Second differences of the steepest two have no variance.
const cases = ALPHAS.flatMap((alpha) =>
  ([2, 3] as const).filter((order) => order === 3 || alpha >= -2).map((order) => ({ alpha, order })),
);

test.each(cases)('differences of order $order in noise of $alpha, from their weights', ({ alpha, order }) => {
  for (const m of [1, 2, 7])
    for (const lag of [0, 1, 2, 7, 20]) {
      const wanted = covariance(alpha, difference(order, m, 0), difference(order, m, lag));
      near(differenceCovariance(alpha, order, m, lag), wanted, `m ${m}, lag ${lag}`);
    }
  for (const m of [1, 2, 7]) {
    near(differenceVariance(alpha, order, m, false), differenceCovariance(alpha, order, m, 0), `m ${m}`);
    const averaged = difference(order, m, 0, m);
    near(
      differenceVariance(alpha, order, m, true),
      covariance(alpha, averaged, averaged),
      `averaged, m ${m}`,
    );
  }
});

test('beyond m = 64 the variance of averaged differences follows its power', () => {
  for (const alpha of ALPHAS) {
    const of = (m: number) => differenceVariance(alpha, 3, m, true);
    expect(of(640) / of(64)).toBeCloseTo(10 ** (1 - alpha), 6);
    // And it hardly matters from where on.
    const averaged = difference(3, 128, 0, 128);
    expect(of(128) / covariance(alpha, averaged, averaged)).toBeCloseTo(1, 1);
  }
});
