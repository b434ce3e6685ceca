// Lanczos, g = 7: about 15 digits.
const LANCZOS = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
  12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
] as const;

/** The natural logarithm of the gamma function, for a > 0. */
export function logGamma(a: number): number {
  const t = a + 6.5;
  let sum: number = LANCZOS[0];
  for (const [index, coefficient] of LANCZOS.entries()) if (index > 0) sum += coefficient / (a - 1 + index);
  return 0.5 * Math.log(2 * Math.PI) + (a - 0.5) * Math.log(t) - t + Math.log(sum);
}

/** Terms needed grow as the root of a; this is enough for an `a` of 1e9. */
const MOST_TERMS = 500_000;

/** The regularised lower incomplete gamma function P(a, x): a series below a + 1, a continued fraction above. */
export function gammaP(a: number, x: number): number {
  if (x <= 0) return 0;
  const scale = Math.exp(a * Math.log(x) - x - logGamma(a));
  if (x < a + 1) {
    let term = 1 / a;
    let sum = term;
    for (let k = 1; k < MOST_TERMS && term > sum * 1e-17; k += 1) {
      term *= x / (a + k);
      sum += term;
    }
    return sum * scale;
  }
  let b = x + 1 - a;
  let c = 1e300;
  let d = 1 / b;
  let fraction = d;
  for (let k = 1; k < MOST_TERMS; k += 1) {
    const factor = k * (a - k);
    b += 2;
    d = 1 / (factor * d + b);
    c = b + factor / c;
    fraction *= c * d;
    if (Math.abs(c * d - 1) < 1e-16) break;
  }
  return 1 - fraction * scale;
}

/**
 * The chi-squared quantile: the value that a chi-squared variable stays below with probability p.
 *
 * @param degrees degrees of freedom, not necessarily whole.
 */
export function chiSquaredQuantile(p: number, degrees: number): number {
  const a = degrees / 2;
  let low = 0;
  let high = Math.max(1, degrees);
  while (gammaP(a, high / 2) < p) high *= 2;
  let x = high / 2;
  for (let step = 0; step < 200 && high - low > 1e-13 * high; step += 1) {
    const error = gammaP(a, x / 2) - p;
    if (error > 0) high = x;
    else low = x;
    const density = Math.exp((a - 1) * Math.log(x / 2) - x / 2 - logGamma(a)) / 2;
    const newton = x - error / density;
    const next = newton > low && newton < high ? newton : (low + high) / 2;
    if (Math.abs(next - x) <= 1e-14 * x) return next;
    x = next;
  }
  return x;
}
