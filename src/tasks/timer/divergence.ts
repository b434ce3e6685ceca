import { KTIME, TSC } from '../../clock/time-source.ts';
import type { LapicTimer } from '../../lapic/kvm-timer.ts';
import { nsecToCycles } from '../../lapic/time-scale.ts';
import type { TimerResult } from '../../schema/timer.ts';
import type { RateInterval } from '../../tsc/interval.ts';
import { difference } from '../difference.ts';
import { latticeSlope } from './lattice-slope.ts';
import { quantileSlope } from './slope.ts';

/** Ticks that are kept at most; of a longer run, every second one, every fourth one and so on. */
const CAPACITY = 2 ** 19;
/**
 * The quantile that the slope is fitted to where the counter's steps are too fine to be told apart. Under `independent` whatever comes between reading ktime and the TSC after it makes the TSC
 * deadline look nearer, never further: the tightest pairs are on top. Otherwise it is the median.
 */
const TIGHTEST = 0.95;
const MEDIAN = 0.5;
const POINTS_DRAWN = 240;
type Divergence = TimerResult['divergence'];

/** Collects how far the TSC deadline lies from the ktime deadline, tick by tick, in memory taken beforehand. */
export class DivergenceLog {
  readonly #elapsed: Float64Array;
  readonly #ns: Float64Array;
  readonly #stride: number;
  readonly #nsPerCycle: number;
  readonly #began: bigint;
  #ticks = 0;
  #kept = 0;

  /**
   * @param ticks how many are expected.
   * @param began ktime of the start, ns.
   */
  constructor(ticks: number, tscHz: number, began: bigint) {
    this.#stride = Math.max(1, Math.ceil(ticks / CAPACITY));
    const size = Math.min(CAPACITY, Math.ceil(ticks / this.#stride) + 1);
    this.#elapsed = new Float64Array(size).fill(0);
    this.#ns = new Float64Array(size).fill(0);
    this.#nsPerCycle = 1e9 / tscHz;
    this.#began = began;
  }

  /**
   * Notes both deadlines of a timer that has just been advanced, as seen from a reading of both clocks. A deadline
   * that is past is left out: under catch-up the TSC deadline has wrapped then, and means no time.
   */
  note(timer: LapicTimer, reading: BigInt64Array): void {
    const ktimeLeft = difference(timer.targetExpiration, reading[KTIME] as bigint);
    if (ktimeLeft < 0) return;
    this.#ticks += 1;
    if (this.#ticks % this.#stride !== 0 || this.#kept === this.#ns.length) return;
    const cyclesLeft = difference(BigInt.asIntN(64, timer.tscdeadline), reading[TSC] as bigint);
    this.#elapsed[this.#kept] = difference(reading[KTIME] as bigint, this.#began);
    this.#ns[this.#kept] = cyclesLeft * this.#nsPerCycle - ktimeLeft;
    this.#kept += 1;
  }

  /**
   * @param predicted the rate that the arithmetic gives; its interval comes from the TSC's rate.
   * @param stepNs by how much the TSC advances at once.
   */
  result(predicted: RatePrediction, stepNs: number): Divergence {
    const elapsed = this.#elapsed.subarray(0, this.#kept);
    const ns = this.#ns.subarray(0, this.#kept);
    const lattice = predicted.accumulated ? latticeSlope(elapsed, ns, stepNs, predicted.ratio) : null;
    const line = lattice ?? quantileSlope(elapsed, ns, predicted.accumulated ? TIGHTEST : MEDIAN);
    if (line === null) return null;
    return {
      estimator: lattice === null ? 'quantile' : 'lattice',
      rateRatio: line.slope,
      rateStandardError: line.standardError,
      atEndNs: ns.at(-1) ?? 0,
      maxAbsNs: ns.reduce((most, value) => Math.max(most, Math.abs(value)), 0),
      predictedRateRatio: predicted.ratio,
      predictedLowRatio: predicted.low,
      predictedHighRatio: predicted.high,
      points: thinned(elapsed, ns),
    };
  }
}

function thinned(x: Float64Array, y: Float64Array): [number, number][] {
  const step = Math.max(1, x.length / POINTS_DRAWN);
  const count = Math.floor(x.length / step);
  return Array.from({ length: count }, (_, i): [number, number] => {
    const k = Math.floor(i * step);
    return [x[k] ?? 0, Number((y[k] ?? 0).toFixed(1))];
  });
}

/** A rate, and what it lies between. */
interface RatePrediction {
  /** The TSC deadline moves on its own, from one rounded period to the next. */
  readonly accumulated: boolean;
  readonly ratio: number;
  readonly low: number;
  readonly high: number;
}

/**
 * How fast the TSC deadline leaves the ktime deadline. Accumulated on its own (`independent`), it moves by a whole
 * number of cycles each period, at the rate that KVM was told; computed from the target each time, it does not.
 *
 * @param tscHz the TSC's rate, as it is known from before the run.
 * @param rate bounds of its rate against ktime during the run, in cycles for each ns.
 * @param durationNs of the run.
 */
export function predictDivergence(
  timer: LapicTimer,
  tscHz: number,
  rate: RateInterval,
  durationNs: number,
): RatePrediction {
  if (timer.policy.tscDeadline !== 'accumulated') {
    // Each deadline is rounded down by less than a cycle, and by how much may differ from the first to the last.
    const rounding = 1e9 / tscHz / Math.max(1, durationNs);
    return { accumulated: false, ratio: 0, low: -rounding, high: rounding };
  }
  const cyclesPerNs = Number(nsecToCycles(timer.scale, timer.period)) / Number(timer.period);
  const at = (ticksPerNs: number) => cyclesPerNs / ticksPerNs - 1;
  const known = tscHz / 1e9;
  // A rate from before the run that the run does not bear out: ktime was steered meanwhile.
  const likely = known >= rate.low && known <= rate.high ? known : (rate.low + rate.high) / 2;
  return { accumulated: true, ratio: at(likely), low: at(rate.high), high: at(rate.low) };
}
