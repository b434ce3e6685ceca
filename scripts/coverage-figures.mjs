// What the stated uncertainty of a figure is worth, from errors divided by their stated standard errors (z).

/** @param {readonly number[]} z */
export function coverageOf(z) {
  const share = (most) => z.filter((each) => Math.abs(each) <= most).length / z.length;
  return {
    count: z.length,
    rms: Math.sqrt(z.reduce((sum, each) => sum + each * each, 0) / z.length),
    mean: z.reduce((sum, each) => sum + each, 0) / z.length,
    within: [share(1), share(2), share(3)],
    worst: z.reduce((most, each) => Math.max(most, Math.abs(each)), 0),
  };
}

/** A true rms of 1 shows itself within this of 1, in 3 standard errors of an rms of that many. */
const RMS_REACH = 0.2;
const FARTHEST = 5;

/**
 * What does not hold, in words; nothing where the figure keeps its promise. The limits widen for few runs: an rms of n
 * values scatters by 1 / sqrt(2 n), a mean by 1 / sqrt(n).
 *
 * @param {ReturnType<typeof coverageOf>} figures
 * @returns {string[]}
 */
export function brokenPromises({ count, rms, mean, within, worst }) {
  const reach = Math.max(RMS_REACH, 3 / Math.sqrt(2 * count));
  const broken = [];
  if (Math.abs(rms - 1) > reach) broken.push(`rms z ${rms.toFixed(2)}`);
  if (Math.abs(mean) > 3 / Math.sqrt(count)) broken.push(`mean z ${mean.toFixed(2)}`);
  if (within[1] < 0.95 - 3 * Math.sqrt((0.95 * 0.05) / count))
    broken.push(`${Math.round(within[1] * 100)} % within two`);
  if (worst > FARTHEST) broken.push(`one at ${worst.toFixed(1)}`);
  return broken;
}
