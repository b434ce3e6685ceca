/**
 * Where in a period a guest is resumed: half of one after the old grid, so that the interrupts tell that grid from one
 * that starts at the resume.
 */
export const RESUME_AT = 0.5;

/** Where in a period it is stopped: elsewhere, so that a count that stood still would show as a third grid. */
export const LEAVE_AT = 0.8;

/**
 * Where in a period SIGSTOP is sent: it takes a while to reach the vCPU's thread, and should find it in KVM_RUN, not on
 * its way out with an interrupt.
 */
export const SIGSTOP_AT = 0.4;

/**
 * The moment at `share` of the period that `ktime` lies in.
 *
 * @param startedKtime a point of the grid.
 */
export function inPeriod(ktime: bigint, startedKtime: bigint, periodNs: number, share: number): bigint {
  const period = BigInt(periodNs);
  return startedKtime + ((ktime - startedKtime) / period) * period + BigInt(Math.round(periodNs * share));
}
