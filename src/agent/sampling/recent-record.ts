import { PhaseRecord } from '../../tasks/drift/phase-record.ts';

/** Points behind the present rate: ten minutes at the default interval. */
const RECENT = 60;
/** Points behind the stability: two days at the default interval; then every second one goes, and so on. */
const CAPACITY = 2 ** 14;

/** A record for a run of months: the whole in bounded memory, and the last points one by one. */
export class RecentRecord extends PhaseRecord {
  /** The last points and how far each may be off, ns. */
  readonly recent: { readonly phase: number; readonly bound: number }[] = [];

  constructor() {
    super(CAPACITY);
  }

  override push(phase: number, bound = Number.NaN): void {
    super.push(phase);
    this.recent.push({ phase, bound });
    if (this.recent.length > RECENT) this.recent.shift();
  }

  /** What came before is no longer how this clock runs. */
  forgetRecent(): void {
    this.recent.length = 0;
  }
}
