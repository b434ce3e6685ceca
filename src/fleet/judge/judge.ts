import type { Log } from '../../agent/log.ts';
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

/** Why the fleet could not be judged. */
export interface JudgeTrouble {
  readonly code: string;
  readonly reason: string;
}

/** Judges the fleet again and again, on a thread that leaves the CPU to whoever wants it. @returns what ends it. */
export function startJudge(options: JudgeOptions, log: Log): () => Promise<void> {
  const failed = ({ code, reason }: JudgeTrouble) =>
    log('error', `the fleet could not be judged: ${reason}`, { code });
  const thread = startThread<JudgeTrouble, void>(THREAD, options, failed);
  let ending = false;
  const ended = thread.ended.catch((error: unknown) => {
    if (!ending) failed({ code: 'DEFECT', reason: error instanceof Error ? error.message : String(error) });
  });
  return async () => {
    ending = true;
    thread.terminate();
    await ended;
  };
}
