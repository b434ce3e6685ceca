import type { ClockName } from '../../host/clocks.ts';
import type { DriftPair } from '../../schema/drift.ts';
import { formatNs, formatRatio } from '../../units.ts';
import { analysePhase } from './analysis.ts';
import { EventLog } from './events.ts';
import { type ClockChange, JumpDetector } from './jumps.ts';
import type { PhaseRecord } from './phase-record.ts';
import type { SampledClock } from './sampler.ts';

/** A clock to compare: one of the kernel's, or the counter itself. */
export type ComparedClock = 'tsc' | ClockName;

/** One clock against the reference, from the first sample to the result. */
export class PairTracker<R extends PhaseRecord = PhaseRecord> {
  readonly clock: ComparedClock;
  readonly log = new EventLog();
  /** The phase on the grid, steps and sleep taken out; the last sample is not in it yet. */
  readonly record: R;
  readonly #jumps = new JumpDetector();
  readonly #phase: SampledClock | null;
  readonly #reference: SampledClock;
  #origin = Number.NaN;
  /** Steps and sleep so far: in no rate and in no statistic, but in where the clock ended. */
  #stepped = 0;
  /** The last point of the record, ns. */
  #last = 0;
  /** The last sample waits for the next one, which may show that it was the first after a step. */
  #held: number | null = null;
  #heldBound = Number.NaN;
  #heldAt: Date = new Date(0);

  /** @param phase the clock's; null for the TSC, whose phase is 0 by definition. */
  constructor(clock: ComparedClock, phase: SampledClock | null, reference: SampledClock, record: R) {
    this.clock = clock;
    this.#phase = phase;
    this.#reference = reference;
    this.record = record;
  }

  /**
   * The last sample as it was read: how far the clock has moved against the reference since the first one, steps and
   * sleep included, and the hard bound of that; null where it was rejected.
   */
  get latest(): { readonly ns: number; readonly boundNs: number } | null {
    return this.#fresh ? { ns: this.#difference() - this.#origin, boundNs: this.#bound() } : null;
  }

  get #fresh(): boolean {
    return this.#reference.fresh && (this.#phase?.fresh ?? true);
  }

  #difference(): number {
    return (this.#phase?.phase ?? 0) - this.#reference.phase;
  }

  #bound(): number {
    return (this.#phase?.halfWindow ?? 0) + this.#reference.halfWindow;
  }

  /**
   * Takes what the sampler has just read.
   *
   * @param atNs time since the start.
   * @param slept true where the host slept since the last sample, which explains any jump.
   */
  sample(atNs: number, at: Date, slept: boolean): void {
    if (!this.#fresh) {
      this.miss();
      return;
    }
    const phase = this.#difference();
    const bound = this.#bound();
    if (Number.isNaN(this.#origin)) this.#origin = phase;
    if (slept) {
      this.#release();
      this.record.break();
      this.#stepped += phase - this.#origin - this.#stepped - this.#last;
      this.#jumps.rebase(atNs, phase, bound);
    } else {
      this.#judge(this.#jumps.push(atNs, phase, bound));
    }
    this.#release();
    this.#held = phase - this.#origin - this.#stepped;
    this.#heldBound = bound;
    this.#heldAt = at;
  }

  #judge(jump: ClockChange | null): void {
    if (jump?.kind === 'step') {
      this.record.break();
      this.#stepped += jump.ns;
      if (this.#held !== null) this.#held -= jump.ns;
      this.log.add(this.#heldAt, 'step', `stepped by ${formatNs(jump.ns)}`);
    } else if (jump !== null) {
      this.log.add(this.#heldAt, 'frequency-step', `rate changed by ${formatRatio(jump.ratio)}`);
    }
  }

  #release(): void {
    if (this.#held !== null) this.record.push(this.#held, this.#heldBound);
    this.#last = this.#held ?? this.#last;
    this.#held = null;
  }

  /** Fills a grid point at which no sample was taken. */
  miss(): void {
    this.#release();
    this.record.push(Number.NaN);
  }

  /** @param intervalNs between two grid points as sampled. */
  result(
    intervalNs: number,
    reference: string,
    independence: Pick<DriftPair, 'independent' | 'independentReason'>,
    hostEvents: EventLog,
  ): DriftPair {
    this.#release();
    const { points, stride, breaks, bounds } = this.record;
    const figures = analysePhase(points, intervalNs * stride, breaks, bounds);
    const events = [...hostEvents.events, ...this.log.events].sort((a, b) => a.at.localeCompare(b.at));
    return {
      clock: this.clock,
      reference,
      ...independence,
      rejected: (this.#phase?.rejected ?? 0) + this.#reference.rejected,
      ...figures,
      atEndNs: figures.atEndNs === null ? null : figures.atEndNs + this.#stepped,
      events,
    };
  }
}
