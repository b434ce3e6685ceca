import type { CalibrateResult } from '../schema/calibrate.ts';
import type { DriftResult } from '../schema/drift.ts';
import type { HostFacts } from '../schema/host.ts';
import type { KvmResult } from '../schema/kvm.ts';
import type { StopResult } from '../schema/stop.ts';
import type { TimerResult } from '../schema/timer.ts';

/** What a report may speak of: the parts of a run, or the one of a single command. What is absent was not measured. */
export interface Parts {
  readonly host?: HostFacts | null;
  readonly calibrate?: CalibrateResult | null;
  readonly timer?: TimerResult | null;
  readonly drift?: DriftResult | null;
  readonly stop?: StopResult | null;
  readonly kvm?: KvmResult | null;
}
