import { type Native, native, nativeWithTsc } from '../native.ts';
import { bitOf, leafFact } from './cpuid.ts';
import { type Fact, factOf, required } from './fact.ts';
import { granularityOf } from './granularity.ts';
import { type Conversion, vvarConversion } from './vvar.ts';

/** What the CPU says about its time-stamp counter, and the step in which it was seen to advance. */
export interface TscFacts {
  readonly readable: Fact<boolean>;
  readonly invariant: Fact<boolean>;
  readonly rdtscp: Fact<boolean>;
  readonly adjust: Fact<boolean>;
  readonly deadlineTimer: Fact<boolean>;
  readonly granularityTicks: Fact<number>;
  /** How the kernel makes CLOCK_MONOTONIC_RAW of it. */
  readonly kernelRatio: Fact<Conversion>;
}

/** Enough that a step of 1 tick hides in no run of equal remainders. */
const READINGS = 512;
const CLOCK_MONOTONIC = 1;

/** Both TSC readings of each bracket, in order. */
function manyReadings(addon: Native): bigint[] {
  const rows = new BigInt64Array(READINGS * 4);
  addon.readBrackets(CLOCK_MONOTONIC, false, rows);
  return Array.from(rows).filter((_, i) => i % 4 === 0 || i % 4 === 2);
}

/** Reads CPUID and a thousand counter values; each fact fails on its own. */
export const tscFacts = (): TscFacts => ({
  readable: factOf('prctl PR_GET_TSC', () => native().tscReadable()),
  invariant: leafFact(0x80000007, ' EDX[8]', ([, , , edx]) => bitOf(edx, 8)),
  rdtscp: leafFact(0x80000001, ' EDX[27]', ([, , , edx]) => bitOf(edx, 27)),
  adjust: leafFact(7, ' EBX[1]', ([, ebx]) => bitOf(ebx, 1)),
  deadlineTimer: leafFact(1, ' ECX[24]', ([, , ecx]) => bitOf(ecx, 24)),
  granularityTicks: factOf(`differences of ${2 * READINGS} readings`, () =>
    required(granularityOf(manyReadings(nativeWithTsc())), 'the counter hardly moved'),
  ),
  kernelRatio: vvarConversion(),
});
