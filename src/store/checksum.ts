import { crc32 } from 'node:zlib';

/** What a checksum takes; an int64 as decimal digits. */
export type Summed = number | string | boolean | null;

/**
 * What is kept beside a row to notice that it changed: CRC-32 of its values as JSON. Any change of up to 32 neighbouring
 * bits is found, any other but for one in 2^32.
 *
 * @param row the table first, so that a row of one is not taken for one of another.
 */
export const rowChecksum = (row: readonly Summed[]): bigint => BigInt(crc32(JSON.stringify(row)));

const words = new BigInt64Array(4);
const reals = new Float64Array(words.buffer);
const bytes = new Uint8Array(words.buffer);

/** The same for one sample, 0.1 us. */
export function sampleChecksum(series: bigint, atNs: bigint, offsetNs: number, windowNs: number): bigint {
  words[0] = series;
  words[1] = atNs;
  reals[2] = offsetNs;
  reals[3] = windowNs;
  return BigInt(crc32(bytes));
}

/** The same for the samples of a block. */
export const bytesChecksum = (data: Uint8Array): bigint => BigInt(crc32(data));
