import type { Store } from '../../store/store.ts';
import type { Query } from './messages.ts';
import { eventsIn, runsIn, samplesIn } from './read.ts';
import { stabilityIn } from './stability.ts';

/** The JSON of the API's `result`. */
export function answerTo(store: Store, query: Query): string {
  if (query.what === 'runs') return JSON.stringify(runsIn(store));
  if (query.what === 'stability') {
    return JSON.stringify(stabilityIn(store, query.hostKey, query.range, query.stepNs));
  }
  if (query.what === 'events') return JSON.stringify(eventsIn(store, query.hostKey, query.range));
  return JSON.stringify(samplesIn(store, query.hostKey, query.range, query.stepNs));
}
