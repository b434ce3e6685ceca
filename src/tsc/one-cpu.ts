import { native } from '../native.ts';
import { refused } from '../system-error.ts';

/**
 * Keeps the thread on the CPU where it is: the TSCs of two CPUs need not agree. Where that is refused, the scheduler
 * decides.
 *
 * @returns the CPUs that it was allowed before; null where it was refused.
 */
export function stayOnThisCpu(): number[] | null {
  const addon = native();
  const reading = new BigInt64Array(2);
  addon.rdtscp(reading);
  let allowed = null as number[] | null;
  refused(() => {
    const before = addon.getAffinity();
    addon.setAffinity([Number(reading[1])]);
    allowed = before;
  });
  return allowed;
}
