const words = new BigInt64Array(1);
const low = new Uint32Array(words.buffer);
const high = new Int32Array(words.buffer);

/**
 * `a - b` as a number, exact below 2^53. Number(a - b) would make a bigint on the heap each time; this keeps to
 * machine words, for loops that must not allocate.
 */
export function difference(a: bigint, b: bigint): number {
  words[0] = BigInt.asIntN(64, a - b);
  return (high[1] as number) * 2 ** 32 + (low[0] as number);
}
