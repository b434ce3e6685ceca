import type { CpuTsc } from '../result.ts';
import type { Exchange, Exchanger, Survey } from './survey.ts';

/**
 * Each CPU's TSC against the first one's, from a survey at either end of a run.
 *
 * @param ticksPerNs the TSC's rate.
 */
export function compareCpus(
  { allowed, online }: Pick<Exchanger, 'allowed' | 'online'>,
  first: Survey,
  last: Survey,
  ticksPerNs: number,
): CpuTsc[] {
  const [reference = 0, ...others] = allowed;
  const skipped = online.filter((cpu) => !allowed.includes(cpu));
  return [
    {
      ...unknownCpu(reference, 'the first CPU, which the others are compared with'),
      offsetNs: 0,
      resolutionNs: 0,
    },
    ...others.map((cpu) => compareCpu(cpu, first.get(cpu), last.get(cpu), ticksPerNs)),
    ...skipped.map((cpu) => unknownCpu(cpu, 'skipped: this process may not run there')),
  ];
}

const unknownCpu = (cpu: number, reason: string): CpuTsc => ({
  cpu,
  offsetNs: null,
  resolutionNs: null,
  rateRatio: null,
  rateResolutionRatio: null,
  rounds: 0,
  warps: 0,
  reason,
});

function compareCpu(
  cpu: number,
  first: Exchange | string | undefined,
  last: Exchange | string | undefined,
  ticksPerNs: number,
): CpuTsc {
  const later = last ?? 'never asked';
  if (typeof later === 'string') return unknownCpu(cpu, later);
  const offset = (later.low + later.high) / 2;
  const result = {
    cpu,
    offsetNs: offset / ticksPerNs,
    resolutionNs: Math.abs(later.high - later.low) / 2 / ticksPerNs,
    rounds: later.rounds,
    warps: later.warps,
    reason: null,
  };
  if (first === undefined || typeof first === 'string')
    return { ...result, rateRatio: null, rateResolutionRatio: null };
  const elapsed = Number(later.at - first.at);
  return {
    ...result,
    rounds: first.rounds + later.rounds,
    warps: first.warps + later.warps,
    rateRatio: (offset - (first.low + first.high) / 2) / elapsed,
    rateResolutionRatio: (Math.abs(later.high - later.low) + Math.abs(first.high - first.low)) / 2 / elapsed,
  };
}
