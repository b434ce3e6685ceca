/** CPU time that booting takes beside the jobs, s. */
const BOOT_SECONDS = 50;

/**
 * How long a run will still take: as the jobs usually do, at the speed that it has shown.
 *
 * @param done jobs that have ended.
 * @param elapsedS since the machine was switched on.
 */
export function secondsLeft(jobs, done, elapsedS) {
  const usual = (some) => some.reduce((sum, { seconds }) => sum + seconds, 0);
  const expected = BOOT_SECONDS + usual(jobs.slice(0, done));
  const speed = done === 0 ? 1 : elapsedS / expected;
  const boot = done === 0 ? Math.max(0, BOOT_SECONDS - elapsedS) : 0;
  return (boot + usual(jobs.slice(done))) * speed;
}
