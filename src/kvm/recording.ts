import type { NativeGuest } from '../native.ts';
import { lostError } from './kvm-error.ts';

/** A moment noted by the vCPU's thread: ktime (ns), host TSC, and the thread's CPU time (ns). */
export interface NotedMoment {
  readonly ktime: bigint;
  readonly tsc: bigint;
  readonly cpuNs: bigint;
}

/** The kinds of rows, by number. */
const KINDS = [
  'deliveries',
  'entered',
  'left',
  /** Signals from elsewhere, SIGSTOP and SIGCONT among them; the guest is entered again at once. */
  'interrupted',
  /** Before, and after, the local APIC was set: the timer's start, or its restore. */
  'setting',
  'set',
] as const;

/** Everything noted so far, by kind, in order. */
export type Recording = Readonly<Record<(typeof KINDS)[number], NotedMoment[]>>;

const WORDS = 4;
const ROWS = 1024;

/** Before anything is recorded. */
export const emptyRecording = (): Recording => ({
  deliveries: [],
  entered: [],
  left: [],
  interrupted: [],
  setting: [],
  set: [],
});

/**
 * An empty recording, and how to bring it up to date from a guest, every few seconds at least.
 *
 * @returns `update` throws TscopeError UNSUPPORTED where the host was too busy to take records in before they were lost.
 */
export function recorder(guest: Pick<NativeGuest, 'drain' | 'dropped'>): {
  readonly recording: Recording;
  update(): void;
} {
  const rows = new BigInt64Array(ROWS * WORDS);
  const recording = emptyRecording();
  return {
    recording,
    update: () => {
      const lost = guest.dropped();
      if (lost > 0) throw lostError(lost);
      for (let count = ROWS; count === ROWS; ) {
        count = guest.drain(rows);
        for (let row = 0; row < count; row++) {
          const [kind = 0n, ktime = 0n, tsc = 0n, cpuNs = 0n] = rows.subarray(row * WORDS, (row + 1) * WORDS);
          const name = KINDS[Number(kind)];
          if (name !== undefined) recording[name].push({ ktime, tsc: BigInt.asUintN(64, tsc), cpuNs });
        }
      }
    },
  };
}

/** The last of some moments. @throws RangeError where there is none: a guest that has not run. */
export function lastOf(moments: readonly NotedMoment[]): NotedMoment {
  const last = moments.at(-1);
  if (last === undefined) throw new RangeError('nothing was recorded');
  return last;
}

/** ktime as ns from `origin`. */
export const since = (ktime: bigint, origin: bigint): number => Number(ktime - origin);
