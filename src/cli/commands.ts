import type { DefinedCommand } from './command.ts';

type Load = () => Promise<{ command: DefinedCommand }>;

/** Every command, in the order of `tscope --help`. Only the one that runs is loaded. */
export const commands: Readonly<Record<string, Load>> = {
  measure: () => import('./measure.ts'),
  host: () => import('./host.ts'),
  calibrate: () => import('./calibrate.ts'),
  timer: () => import('./timer.ts'),
  drift: () => import('./drift.ts'),
  stop: () => import('./stop.ts'),
  replay: () => import('./replay.ts'),
  stability: () => import('./stability.ts'),
  kvm: () => import('./kvm.ts'),
  agent: () => import('./agent.ts'),
  runs: () => import('./runs.ts'),
  fleet: () => import('./fleet/overview.ts'),
  'fleet hosts': () => import('./fleet/hosts.ts'),
  'fleet host': () => import('./fleet/host.ts'),
  'fleet outliers': () => import('./fleet/outliers.ts'),
  'fleet events': () => import('./fleet/events.ts'),
  'fleet kernels': () => import('./fleet/kernels.ts'),
  'fleet init': () => import('./fleet/init.ts'),
  'fleet collect': () => import('./fleet/collect.ts'),
  report: () => import('./report.ts'),
  compare: () => import('./compare.ts'),
};
