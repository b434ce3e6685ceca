import { group } from 'd3-array';
import type { FleetKernelsResult } from '../../schema/fleet.ts';
import { median } from '../../statistics.ts';

/** What `tscope kvm`, and `tscope stop` where it ran, found on one host. */
export interface KernelFinding {
  readonly kernel: string;
  readonly path: string;
  readonly fix: 'clamps' | 'catches-up' | 'untested';
  /** After how long a stop the catch-up burst would lock this host up, ns; null where no run says it. */
  readonly lockupNs: number | null;
}

/** All hosts of one kernel and one path. */
export type KernelRow = FleetKernelsResult['kernels'][number];

/** Which kernels would catch up, those first; then by kernel. */
export function kernels(findings: readonly KernelFinding[]): KernelRow[] {
  return [...group(findings, ({ kernel, path }) => `${kernel}\0${path}`).values()]
    .map((group): KernelRow => {
      const [{ kernel, path }] = group as [KernelFinding];
      const count = (fix: KernelFinding['fix']) => group.filter((finding) => finding.fix === fix).length;
      const stops = group.flatMap(({ fix, lockupNs }) =>
        fix === 'catches-up' && lockupNs !== null ? [lockupNs] : [],
      );
      return {
        kernel,
        path,
        hosts: group.length,
        clamps: count('clamps'),
        catchesUp: count('catches-up'),
        untested: count('untested'),
        lockupNs: stops.length === 0 ? null : { shortest: Math.min(...stops), median: median(stops) },
      };
    })
    .sort(
      (a, b) =>
        Number(b.catchesUp > 0) - Number(a.catchesUp > 0) ||
        a.kernel.localeCompare(b.kernel) ||
        a.path.localeCompare(b.path),
    );
}
