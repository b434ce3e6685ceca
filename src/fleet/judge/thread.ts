import { setPriority } from 'node:os';
import { faultOf } from '../../agent/trouble.ts';
import { runThread } from '../../thread.ts';
import { putConclusions } from '../store/conclusions.ts';
import { openFleetStore } from '../store/open.ts';
import { lastConclusions } from '../views.ts';
import { conclude } from './conclude.ts';
import type { Judged, JudgeOptions } from './judge.ts';

/** A judgement pauses this many times as long as it took, within these bounds, ms: a small fleet's is seconds old at most. */
const PAUSE = 20;
const SHORTEST_MS = 30_000;
const LONGEST_MS = 600_000;
/** Whatever else wants the CPU comes first. */
const NICE = 19;

const pauseMs = (tookMs: number): number => Math.min(LONGEST_MS, Math.max(SHORTEST_MS, PAUSE * tookMs));

/** Judges unless another collector has just done so. @returns how long until the next time, ms. */
async function judge({ db, grouping }: JudgeOptions): Promise<number> {
  const store = await openFleetStore(db, false);
  try {
    const nowMs = Date.now();
    const last = await lastConclusions(store);
    const left = last === null ? 0 : last.atMs + pauseMs(last.tookMs) - nowMs;
    if (left > 0 && left <= LONGEST_MS) return left;
    const conclusions = await conclude(store, nowMs, grouping);
    await putConclusions(store, JSON.stringify(conclusions));
    return pauseMs(conclusions.tookMs);
  } finally {
    await store.close();
  }
}

await runThread<JudgeOptions, Judged>(async (options, thread) => {
  try {
    // On Linux 0 is the calling thread.
    setPriority(0, NICE);
  } catch {
    // A sandbox may forbid it.
  }
  for (;;) {
    let waitMs = SHORTEST_MS;
    try {
      waitMs = await judge(options);
      thread.say(null);
    } catch (error) {
      const { code, message } = faultOf(error);
      thread.say({ code, message });
    }
    thread.sleep(waitMs);
  }
});
