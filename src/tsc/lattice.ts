import { gcd } from '../host/granularity.ts';
import { mean } from '../statistics.ts';
import { type Brackets, durationOf, narrowestOf, windowsOf } from './bracket.ts';

/**
 * The counter's rate by maximum likelihood on the counter's own lattice.
 *
 * The counter advances in steps of `step` ticks, so that inside a bracket the clock can have been read at `before + p`
 * only, p a multiple of the step; for each window length two or three values of p make up nearly all. Where the clock
 * showed n ns, the line "ticks at clock zero + rate * clock" passed within [n, n + 1) ns of the reading. What tells
 * where the line lies is the edges of these cells: they are sharp, while how often each p is taken wanders.
 */
export interface LatticeFit {
  readonly ticksPerNs: number;
  /** One standard error, as a ratio of the rate. */
  readonly standardErrorRatio: number;
  /** Brackets that the rate rests on. */
  readonly samples: number;
  /** The counter's step, ticks. */
  readonly stepTicks: number;
  /** Share of the brackets that no place of reading explains. */
  readonly misfitRatio: number;
  /** How much more likely the run is where its stretches may lie beside the line: a difference of logarithms. */
  readonly bend: number;
}

/** Windows wider than this share of the narrowest have more ways through the processor than can be told apart. */
const WIDEST = 1.25;

/** A window length that occurs less often says too little about where its reads lie. */
const LEAST_IN_CLASS = 30;

/** Brackets in all below which the posterior is not a bell. */
const LEAST_BRACKETS = 128;

/** Probability of a bracket that the model cannot explain: an interrupt's odd one in ten thousand. */
const MISFIT = Math.log(1e-4);

/** Readings that every place is taken to have been seen at beforehand, so that none has probability 0. */
const PRIOR = 0.02;

/**
 * What the wandering of the occupancies adds to the posterior's spread where a cell may hold several places (measured on
 * a Sapphire Rapids guest, steps of 2 ticks). Where it holds one at most, as with a Zen's steps of 26 ticks, how often
 * each is taken plays no part. `npm run bench -- coverage` repeats the measurement.
 */
const WIDENING = 1.15;

/** A double's relative rounding, which moves a phase by this share of the ticks in a run. */
const ROUNDING = 2 ** -53;

/** Brackets that the first, coarse search looks at. */
const COARSE = 512;

/** Points of a search grid on either side of its centre. */
const SEARCH = 4;
const POSTERIOR = 10;

/** The model's data: u = phase at the bracket's time - offset is where the cell begins, in ticks after `before`. */
class Cells {
  readonly count: number;
  readonly rate: number;
  readonly step: number;
  /** Time of each bracket, as a share of the run. */
  readonly share: Float64Array;
  readonly offset: Float64Array;
  readonly #class: Int32Array;
  /** Places in each class's window, and where its tables begin. */
  readonly #places: Int32Array;
  readonly #begin: Int32Array;
  /** How many places one cell may hold at most. */
  readonly #most: number;
  #occupancy: Float64Array[];
  /** log probability of `n` places from `first`, for each class. */
  readonly #logs: Float64Array;

  constructor(
    share: Float64Array,
    offset: Float64Array,
    classes: Int32Array,
    windows: readonly number[],
    rate: number,
    step: number,
  ) {
    this.count = share.length;
    this.share = share;
    this.offset = offset;
    this.#class = classes;
    this.rate = rate;
    this.step = step;
    this.#most = Math.ceil(rate / step) + 1;
    this.#places = Int32Array.from(windows, (window) => Math.floor(window / step) + 1);
    this.#begin = new Int32Array(windows.length);
    let size = 0;
    this.#places.forEach((places, c) => {
      this.#begin[c] = size;
      size += places * (this.#most + 1);
    });
    this.#logs = new Float64Array(size);
    this.#occupancy = [];
    this.forget();
  }

  /** Every place is as likely as any other again. */
  forget(): void {
    this.#occupancy = Array.from(this.#places, (places) => new Float64Array(places).fill(1 / places));
    this.#fill();
  }

  #fill(): void {
    this.#occupancy.forEach((occupancy, c) => {
      const begin = this.#begin[c] as number;
      for (let first = 0; first < occupancy.length; first++) {
        let sum = 0;
        for (let n = 0; n <= this.#most; n++) {
          this.#logs[begin + first * (this.#most + 1) + n] = sum > 0 ? Math.log(sum) : MISFIT;
          sum += occupancy[first + n] ?? 0;
        }
      }
    });
  }

  /** log likelihood of the phases at the two ends, of the brackets named. */
  likelihood(start: number, end: number, which: Int32Array): number {
    const { share, offset, rate, step } = this;
    const width = this.#most + 1;
    let sum = 0;
    for (let j = 0; j < which.length; j++) {
      const i = which[j] as number;
      const u = start + (end - start) * (share[i] as number) - (offset[i] as number);
      const c = this.#class[i] as number;
      const last = Math.min(Math.ceil((u + rate) / step) - 1, (this.#places[c] as number) - 1);
      const first = Math.max(0, Math.ceil(u / step));
      sum +=
        last < first
          ? MISFIT
          : (this.#logs[(this.#begin[c] as number) + first * width + last - first + 1] as number);
    }
    return sum;
  }

  /** Takes the occupancies that these phases make most likely (expectation-maximisation). @returns share of misfits. */
  learn(start: number, end: number, which: Int32Array, rounds: number): number {
    const { share, offset, rate, step } = this;
    let misfits = 0;
    for (let round = 0; round < rounds; round++) {
      const seen = Array.from(this.#places, (places) => new Float64Array(places).fill(PRIOR));
      misfits = 0;
      for (let j = 0; j < which.length; j++) {
        const i = which[j] as number;
        const u = start + (end - start) * (share[i] as number) - (offset[i] as number);
        const c = this.#class[i] as number;
        const occupancy = this.#occupancy[c] as Float64Array;
        const last = Math.min(Math.ceil((u + rate) / step) - 1, occupancy.length - 1);
        const first = Math.max(0, Math.ceil(u / step));
        let sum = 0;
        for (let k = first; k <= last; k++) sum += occupancy[k] as number;
        if (!(sum > 0)) {
          misfits++;
          continue;
        }
        const into = seen[c] as Float64Array;
        for (let k = first; k <= last; k++) into[k] = (into[k] as number) + (occupancy[k] as number) / sum;
      }
      this.#occupancy = seen.map((counts) => {
        const sum = counts.reduce((total, value) => total + value, 0);
        return counts.map((value) => value / sum);
      });
    }
    this.#fill();
    return misfits / which.length;
  }

  /** The brackets whose cell holds other places somewhere in this box of phases: only they tell its points apart. */
  within(start: number, end: number, reach: number): Int32Array {
    const { share, offset, rate, step } = this;
    const found = new Int32Array(this.count);
    let count = 0;
    for (let i = 0; i < this.count; i++) {
      const u = start + (end - start) * (share[i] as number) - (offset[i] as number);
      const changes =
        Math.ceil((u - reach) / step) !== Math.ceil((u + reach) / step) ||
        Math.ceil((u + rate - reach) / step) !== Math.ceil((u + rate + reach) / step);
      if (changes) found[count++] = i;
    }
    return found.subarray(0, count);
  }
}

/** The brackets that the model can be held against, relative to a line of slope `ticksPerNs`. */
function cellsOf(brackets: Brackets, ticksPerNs: number, most: number): Cells | null {
  const windows = windowsOf(brackets);
  const limit = WIDEST * narrowestOf(windows);
  const counts = new Map<number, number>();
  const usable = (i: number) =>
    // The first of a batch comes after a wait, and reads the clock later than the others.
    i > 0 &&
    brackets.batch[i] === brackets.batch[i - 1] &&
    (windows[i] as number) > 0 &&
    (windows[i] as number) <= limit;
  for (let i = 0; i < windows.length; i++) {
    if (usable(i)) counts.set(windows[i] as number, (counts.get(windows[i] as number) ?? 0) + 1);
  }
  const kept = [...counts].filter(([, count]) => count >= LEAST_IN_CLASS).map(([window]) => window);
  let indices: number[] = [];
  for (let i = 0; i < windows.length; i++)
    if (usable(i) && kept.includes(windows[i] as number)) indices.push(i);
  if (indices.length < LEAST_BRACKETS) return null;
  const half = Math.ceil(most / 2);
  if (indices.length > 2 * half) indices = [...indices.slice(0, half), ...indices.slice(-half)];
  const { before, ns } = brackets;
  const firstNs = ns[indices[0] as number] as number;
  const spanNs = (ns[indices.at(-1) as number] as number) - firstNs;
  if (!(spanNs > 0)) return null;
  const firstTicks = before[indices[0] as number] as number;
  const offset = Float64Array.from(
    indices,
    (i) => (before[i] as number) - firstTicks - ticksPerNs * ((ns[i] as number) - firstNs),
  );
  // Phase 0 then has the clock read in the middle of the windows, half a cell after the cell's beginning.
  const centre = mean(offset) + mean(indices.map((i) => windows[i] as number)) / 2 - ticksPerNs / 2;
  return new Cells(
    Float64Array.from(indices, (i) => ((ns[i] as number) - firstNs) / spanNs),
    offset.map((value) => value - centre),
    Int32Array.from(indices, (i) => kept.indexOf(windows[i] as number)),
    kept,
    ticksPerNs,
    // The step of which all window lengths are multiples.
    kept.reduce(gcd, 0),
  );
}

/** The phases at the two ends of a run, ticks. */
interface Phases {
  start: number;
  end: number;
}

/** Tries every phase within one step of the counter, the same at both ends: the slope is nearly known. */
function coarse(cells: Cells): Phases {
  const stride = Math.max(1, Math.ceil(cells.count / COARSE));
  const some = Int32Array.from({ length: Math.floor(cells.count / stride) }, (_, i) => i * stride);
  const pitch = Math.min(cells.rate, cells.step) / 20;
  let best = { likelihood: Number.NEGATIVE_INFINITY, phase: 0 };
  for (let phase = -cells.step / 2; phase < cells.step / 2; phase += pitch) {
    cells.forget();
    cells.learn(phase, phase, some, 3);
    const likelihood = cells.likelihood(phase, phase, some);
    if (likelihood > best.likelihood) best = { likelihood, phase };
  }
  cells.forget();
  return { start: best.phase, end: best.phase };
}

/** Goes to the most likely phases by ever finer grids. */
function refined(cells: Cells, { start, end }: Phases, all: Int32Array, finest: number): Phases {
  let best = { start, end };
  cells.learn(start, end, all, 10);
  for (let pitch = Math.min(cells.rate, cells.step) / 10; pitch > finest; pitch /= 2) {
    const active = cells.within(best.start, best.end, SEARCH * pitch);
    let most = Number.NEGATIVE_INFINITY;
    let top: Phases[] = [];
    for (let i = -SEARCH; i <= SEARCH; i++) {
      for (let j = -SEARCH; j <= SEARCH; j++) {
        const point = { start: best.start + i * pitch, end: best.end + j * pitch };
        const likelihood = cells.likelihood(point.start, point.end, active);
        if (likelihood > most + 1e-9) {
          most = likelihood;
          top = [point];
        } else if (likelihood > most - 1e-9) top.push(point);
      }
    }
    best = {
      start: top.reduce((sum, point) => sum + point.start, 0) / top.length,
      end: top.reduce((sum, point) => sum + point.end, 0) / top.length,
    };
    cells.learn(best.start, best.end, all, 2);
  }
  return best;
}

/** Mean and spread of (end - start) under the likelihood, on a grid that is made to fit it. */
function posterior(cells: Cells, phases: Phases, from: number): (Phases & { sigma: number }) | null {
  let { start, end } = phases;
  let pitch = from;
  const side = 2 * POSTERIOR + 1;
  const values = new Float64Array(side * side);
  for (let attempt = 0; attempt < 16; attempt++) {
    const active = cells.within(start, end, POSTERIOR * pitch);
    let most = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < side; i++) {
      for (let j = 0; j < side; j++) {
        const value = cells.likelihood(
          start + (i - POSTERIOR) * pitch,
          end + (j - POSTERIOR) * pitch,
          active,
        );
        values[i * side + j] = value;
        if (value > most) most = value;
      }
    }
    let [sum, i1, j1, ii, jj, ij] = [0, 0, 0, 0, 0, 0];
    for (let i = 0; i < side; i++) {
      for (let j = 0; j < side; j++) {
        const weight = Math.exp((values[i * side + j] as number) - most);
        const [x, y] = [i - POSTERIOR, j - POSTERIOR];
        sum += weight;
        i1 += weight * x;
        j1 += weight * y;
        ii += weight * x * x;
        jj += weight * y * y;
        ij += weight * x * y;
      }
    }
    const [x, y] = [i1 / sum, j1 / sum];
    const [xx, yy, xy] = [ii / sum - x * x, jj / sum - y * y, ij / sum - x * y];
    start += x * pitch;
    end += y * pitch;
    const spread = Math.sqrt(Math.max(xx, yy));
    if (spread > 4 || Math.abs(x) > 4 || Math.abs(y) > 4) pitch *= 2;
    else if (spread < 1.2) pitch /= spread < 0.3 ? 6 : 3;
    else return { start, end, sigma: pitch * Math.sqrt(Math.max(0, xx + yy - 2 * xy) + 1 / 6) };
  }
  return null;
}

/** Brackets in one stretch of a run that may lie beside the line: edges enough to be held to a hundredth of a ns. */
const STRETCH = 250;

/** Shifts that are tried on either side, closest about none, up to half a ns: a larger one misses as many edges. */
const SHIFTS = 30;

/** What the best shift of a stretch of a straight run gains by chance (modelled runs of 1 ms to 10 s: 0.4). */
const BY_CHANCE = 0.5;

/**
 * How much more likely the run is where each stretch of it may lie beside the line, as those of a bent clock do
 * whatever the shape of the bend: a difference of logarithms, beyond what chance gains.
 */
function bendOf(cells: Cells, all: Int32Array, { start, end }: Phases): number {
  const stretches = Math.ceil(cells.count / STRETCH);
  let gain = 0;
  for (let k = 0; k < stretches; k++) {
    const which = all.subarray(
      Math.floor((k * cells.count) / stretches),
      Math.floor(((k + 1) * cells.count) / stretches),
    );
    const straight = cells.likelihood(start, end, which);
    let best = straight;
    for (let i = -SHIFTS; i <= SHIFTS; i++) {
      const shift = ((cells.rate / 2) * i * Math.abs(i)) / SHIFTS ** 2;
      best = Math.max(best, cells.likelihood(start + shift, end + shift, which));
    }
    gain += best - straight - BY_CHANCE;
  }
  return gain;
}

/**
 * @param brackets narrow ones, of one undisturbed segment, of a clock with steps of 1 ns that is made from the counter.
 * @param ticksPerNs the rate, to a tick or so over the run: least squares'.
 * @param most brackets to look at, half of them at either end, where a rate is only wanted quickly.
 * @returns null where there is too little to go by.
 */
export function fitLattice(
  brackets: Brackets,
  ticksPerNs: number,
  most: number = Number.POSITIVE_INFINITY,
): LatticeFit | null {
  const cells = cellsOf(brackets, ticksPerNs, most);
  if (cells === null) return null;
  const all = Int32Array.from({ length: cells.count }, (_, i) => i);
  const finest = ticksPerNs / 1000;
  const phases = refined(cells, coarse(cells), all, finest);
  const found = posterior(cells, phases, finest);
  if (found === null) return null;
  const misfitRatio = cells.learn(phases.start, phases.end, all, 1);
  const spanNs = durationOf(brackets);
  const widening = cells.step < ticksPerNs ? WIDENING : 1;
  const rate = ticksPerNs + (found.end - found.start) / spanNs;
  return {
    ticksPerNs: rate,
    standardErrorRatio: Math.hypot((widening * found.sigma) / spanNs / rate, ROUNDING),
    samples: cells.count,
    stepTicks: cells.step,
    misfitRatio,
    bend: bendOf(cells, all, found),
  };
}
