import { readFileSync } from 'node:fs';
import { reasonOf } from '../../host/fact.ts';
import { native } from '../../native.ts';
import { formatRatio } from '../../units.ts';
import { kernelHz, multShift } from '../kernel-ratio.ts';
import { type Claim, noClaim } from './claim.ts';

const SOURCE = 'pvclock page';
const PAGE = 4096n;

/** The part of struct pvclock_vcpu_time_info (asm/pvclock-abi.h) that makes a frequency. */
interface PvclockScale {
  /** ns = ((ticks << shift) * mul) >> 32; a negative shift is to the right. */
  readonly mul: number;
  readonly shift: number;
}

/** What the scale stands for before a kernel truncates it to kHz. */
export const pvclockHz = ({ mul, shift }: PvclockScale): number => (1e9 * 2 ** 32) / mul / 2 ** shift;

/**
 * What a guest's kernel makes of the scale (pvclock_tsc_khz): it truncates before it shifts, so that a kHz and more
 * can get lost.
 */
export function pvclockKhz({ mul, shift }: PvclockScale): number {
  const khz = (1_000_000n << 32n) / BigInt(mul);
  return Number(shift < 0 ? khz << BigInt(-shift) : khz >> BigInt(shift));
}

/**
 * Where the kernel maps the page into every process: the first page of [vvar_vclock] since Linux 6.13, the second
 * one of [vvar] before.
 */
export function pvclockAddress(maps: string): bigint | null {
  const start = (name: string): bigint | null => {
    const line = new RegExp(`^([0-9a-f]+)-.* \\[${name}\\]$`, 'm').exec(maps);
    return line === null ? null : BigInt(`0x${line[1]}`);
  };
  const vvar = start('vvar');
  return start('vvar_vclock') ?? (vvar === null ? null : vvar + PAGE);
}

/** version, tsc_timestamp, system_time, then mul and shift in the fourth word. */
function readScale(address: bigint): PvclockScale {
  const words = new BigInt64Array(4);
  native().peek(address, words);
  const last = BigInt.asUintN(64, words[3] ?? 0n);
  return { mul: Number(last & 0xffffffffn), shift: Number(BigInt.asIntN(8, last >> 32n)) };
}

/** The scale that the hypervisor hands to kvm-clock, where this system is its guest. */
export function pvclockClaim(): Claim {
  try {
    const address = pvclockAddress(readFileSync('/proc/self/maps', 'latin1'));
    if (address === null) return noClaim(SOURCE, 'the kernel maps no such page');
    const scale = readScale(address);
    if (scale.mul === 0) return noClaim(SOURCE, 'the hypervisor left it empty');
    const hz = pvclockHz(scale);
    const khz = pvclockKhz(scale);
    const gain = formatRatio(hz / kernelHz(multShift(khz)) - 1);
    const reason = `the hypervisor's scale; Linux truncates it to ${khz} kHz, and its clocks then gain ${gain} on this`;
    return { source: SOURCE, hz, reason };
  } catch (error) {
    return noClaim(SOURCE, `${reasonOf(error)}: no kvm-clock in this system`);
  }
}
