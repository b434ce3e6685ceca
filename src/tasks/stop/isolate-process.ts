import { HostClock } from '../../clock/host.ts';
import type { PolicyName } from '../../lapic/policies.ts';
import { nativeWithTsc } from '../../native.ts';
import { inlineGenerously } from '../quiet-thread.ts';
import { type IsolateJob, measureIsolate } from './isolate.ts';

/** Fisher and Yates. */
function shuffled(names: readonly PolicyName[]): PolicyName[] {
  const order = [...names];
  for (let i = order.length - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1));
    [order[i], order[j]] = [order[j] as PolicyName, order[i] as PolicyName];
  }
  return order;
}

// Started by price.ts: the job is the last argument, the costs go to standard output.
inlineGenerously();
const addon = nativeWithTsc();
const job = JSON.parse(process.argv.at(-1) ?? '') as IsolateJob;
const costs = measureIsolate(job, new HostClock(), (out) => addon.timeReferenceAdvances(out), shuffled);
process.stdout.write(JSON.stringify(costs));
