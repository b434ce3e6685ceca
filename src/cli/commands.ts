import type { CommandSpec } from './command.ts';

type Load = () => Promise<{ command: CommandSpec<never> }>;

/** Every command, in the order of `tscope --help`. Only the one that runs is loaded. */
export const commands: Readonly<Record<string, Load>> = {
  measure: () => import('./measure.ts'),
  drift: () => import('./drift.ts'),
  replay: () => import('./replay.ts'),
  stability: () => import('./stability.ts'),
  kvm: () => import('./kvm.ts'),
};
