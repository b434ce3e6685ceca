import { TscopeError } from '../errors.ts';
import { hostFacts } from '../host/host-facts.ts';
import { nativeWithTsc } from '../native.ts';
import type { Finding, Warning } from '../schema/envelope.ts';
import type { MeasureResult, Part } from '../schema/measure.ts';
import type { TaskName, TaskOptions, TaskResult } from './tasks.ts';

/** Runs one task; what `runTask` does, with somebody watching. */
export type Measure = <Name extends TaskName>(
  name: Name,
  options: TaskOptions<Name>,
) => Promise<TaskResult<Name>>;

const S = 1e9;

/** What each part is given: about 50 s in all, or 12 s. */
const plan = (quick: boolean) =>
  ({
    calibrate: { durationNs: quick ? S : 5 * S, clock: 'monotonic_raw' },
    drift: {
      durationNs: quick ? 3 * S : 15 * S,
      intervalNs: quick ? 0.02 * S : 0.05 * S,
      clocks: ['tsc', 'monotonic', 'realtime'],
      reference: 'monotonic_raw',
    },
  }) as const satisfies { [Name in Part & TaskName]?: TaskOptions<Name> };

/**
 * The main job: every part in order. A part that this host cannot do, and those after an interruption, are null and
 * listed in `skipped`.
 *
 * @throws TscopeError where the TSC cannot be read at all, before anything is measured.
 */
export async function measureHost(
  quick: boolean,
  measure: Measure,
  signal: AbortSignal,
): Promise<Finding<MeasureResult>> {
  nativeWithTsc();
  const host = await hostFacts();
  const skipped: MeasureResult['skipped'] = [];
  const warnings: Warning[] = [];
  const options = plan(quick);

  async function part<Result>(name: Part, run: () => Promise<Finding<Result>>): Promise<Result | null> {
    if (signal.aborted) {
      skipped.push({ part: name, reason: 'interrupted before it began' });
      return null;
    }
    try {
      const found = await run();
      warnings.push(...found.warnings.filter(({ code }) => warnings.every((known) => known.code !== code)));
      return found.result;
    } catch (error) {
      if (!(error instanceof TscopeError)) throw error;
      skipped.push({ part: name, reason: error.message });
      return null;
    }
  }

  const calibrate = await part('calibrate', () => measure('calibrate', options.calibrate));
  const drift = await part('drift', () => measure('drift', options.drift));
  return { result: { quick, host, calibrate, drift, skipped }, warnings };
}
