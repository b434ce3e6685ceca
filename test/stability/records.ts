/** Repeatable records for the tests. */

/** Park and Miller's generator, as NIST's 1000-point set: uniform in (0, 1), the seed included. */
export function uniform(count: number, seed = 1234567890): Float64Array {
  let n = seed;
  return Float64Array.from({ length: count }, () => {
    const value = n / 2147483647;
    n = (n * 16807) % 2147483647;
    return value;
  });
}

/** White noise of variance 1 (Box and Muller). */
export function white(count: number, seed = 1): Float64Array {
  const u = uniform(2 * count, seed);
  return Float64Array.from(
    { length: count },
    (_, i) => Math.sqrt(-2 * Math.log(u[2 * i] as number)) * Math.cos(2 * Math.PI * (u[2 * i + 1] as number)),
  );
}

/** Noise whose spectral density is f^exponent (Kasdin 1995): white noise through a fractional integrator. */
export function powerLaw(exponent: number, count: number, seed = 1): Float64Array {
  const noise = white(count, seed);
  const response = new Float64Array(count);
  response[0] = 1;
  for (let k = 1; k < count; k++) response[k] = ((k - 1 - exponent / 2) / k) * (response[k - 1] as number);
  return noise.map((_, i) => {
    let sum = 0;
    for (let k = 0; k <= i; k++) sum += (response[k] as number) * (noise[i - k] as number);
    return sum;
  });
}

/** The k-th of many seeds that have nothing in common; small ones begin with a value near 0, an outlier. */
export const seedOf = (k: number): number => (k * 1_103_515_245 + 987_654_321) % 2_147_483_647;

/** Phase in noise of S_y(f) ~ f^alpha: white noise, half an integral of it where alpha is odd, and whole ones. */
export function phaseNoise(alpha: number, count: number, seed = 1): Float64Array {
  const order = (2 - alpha) / 2;
  const phase = order % 1 === 0 ? white(count, seed) : powerLaw(-1, count, seed);
  for (let k = 0; k < Math.floor(order); k++)
    for (let i = 1; i < count; i++) phase[i] = (phase[i] as number) + (phase[i - 1] as number);
  return phase;
}
