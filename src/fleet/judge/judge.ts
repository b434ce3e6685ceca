import type { Log } from '../../agent/log.ts';
import { type Fault, faultOf, Trouble } from '../../agent/trouble.ts';
import { sibling } from '../../sibling.ts';
import { startThread } from '../../thread.ts';
import type { Grouping } from './conclude.ts';

const THREAD = sibling(import.meta.url, './thread');

/** What the thread works with. */
export interface JudgeOptions {
  /** As `openFleetStore` takes it: the thread has connections of its own. */
  readonly db: string;
  readonly grouping: Grouping;
}

/** Why the fleet could not be judged; null where it was. */
export type Judged = Fault | null;

/** Judges the fleet again and again, on a thread that leaves the CPU to whoever wants it. @returns what ends it. */
export function startJudge(options: JudgeOptions, log: Log): () => Promise<void> {
  const trouble = new Trouble(log, 'the fleet is judged again');
  const hear = (fault: Judged) => {
    if (fault === null) return trouble.better();
    trouble.worse({ code: fault.code, message: `the fleet could not be judged: ${fault.message}` });
  };
  const thread = startThread<Judged, void>(THREAD, options, hear);
  let ending = false;
  const ended = thread.ended.catch((error: unknown) => {
    if (!ending) hear(faultOf(error));
  });
  return async () => {
    ending = true;
    thread.terminate();
    await ended;
  };
}
