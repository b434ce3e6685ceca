import { KTIME, TSC } from '../clock/time-source.ts';
import { nativeWithTsc } from '../native.ts';

type Read = () => void;

/** ktime and TSC. */
const PAIR = 2;

let tscWord: BigInt64Array | null = null;
let readTsc: Read | null = null;
let pairWords: BigInt64Array | null = null;
let readBoth: Read | null = null;

/**
 * The host's TSC now, unsigned, fenced on both sides.
 *
 * @throws TscopeError where the addon cannot be loaded or rdtsc is forbidden.
 */
export function rdtsc(): bigint {
  if (tscWord === null || readTsc === null) {
    tscWord = new BigInt64Array(new SharedArrayBuffer(8));
    readTsc = nativeWithTsc().createTscReader(tscWord);
  }
  readTsc();
  return BigInt.asUintN(64, tscWord[0] as bigint);
}

/**
 * Reads CLOCK_MONOTONIC (ns) into `out[0]` and, after it, the TSC into `out[1]` (as a signed word). Nothing is
 * allocated.
 *
 * @throws TypeError for anything but a BigInt64Array of two words or more; TscopeError where rdtsc is forbidden.
 */
export function readPair(out: BigInt64Array): void {
  if (!(out instanceof BigInt64Array && out.length >= PAIR)) {
    throw new TypeError('readPair: out must be a BigInt64Array of at least 2 words');
  }
  if (pairWords === null || readBoth === null) {
    pairWords = new BigInt64Array(new SharedArrayBuffer(16));
    readBoth = nativeWithTsc().createPairReader(pairWords);
  }
  readBoth();
  out[KTIME] = pairWords[KTIME] as bigint;
  out[TSC] = pairWords[TSC] as bigint;
}
