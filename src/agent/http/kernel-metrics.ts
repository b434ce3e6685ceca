import { type Discipline, disciplineOf, STA_NANO } from '../../host/discipline.ts';
import type { Adjtimex } from '../../native.ts';
import type { ChronyTracking } from '../../tsc/reference/chrony.ts';
import type { Reading } from './prometheus.ts';

/** A gauge by its name, its help, what it is read from, and its labels. */
export type Row<Source> = readonly [
  name: string,
  help: string,
  read: (from: Source) => Reading,
  labels?: readonly string[],
];

const DISCIPLINES: readonly Discipline[] = ['told', 'untold', 'failing', 'none'];

/** Time still to be slewed, s. */
const offsetOf = ({ offset, status }: Adjtimex): number => offset * ((status & STA_NANO) !== 0 ? 1e-9 : 1e-6);

/** What the kernel says of its own clock (adjtimex). */
export const KERNEL_CLOCK: ReadonlyArray<Row<Adjtimex>> = [
  [
    'tscope_kernel_clock_synchronized',
    '1 where the kernel has been told that its clock is synchronised and has no reason to doubt it, else 0.',
    (state) => (disciplineOf(state) === 'told' ? 1 : 0),
  ],
  [
    'tscope_kernel_clock_discipline',
    '1 for what steers the clock: told (a daemon, and the kernel knows), untold (it is corrected, but the kernel is not told, as by chronyd without rtcsync), failing, none.',
    (state) => DISCIPLINES.map((discipline) => [{ discipline }, disciplineOf(state) === discipline ? 1 : 0]),
    ['discipline'],
  ],
  [
    'tscope_kernel_clock_offset_seconds',
    'What the kernel has still to slew of the last correction.',
    (state) => offsetOf(state),
  ],
  [
    'tscope_kernel_clock_max_error_seconds',
    'How far from true time the clock may be; it grows by 0.5 ms a second until it is corrected again.',
    ({ maxErrorUs }) => maxErrorUs / 1e6,
  ],
  [
    'tscope_kernel_clock_estimated_error_seconds',
    'What the daemon that steers the clock takes its error for.',
    ({ estErrorUs }) => estErrorUs / 1e6,
  ],
  [
    'tscope_kernel_clock_frequency_adjustment_ratio',
    'Frequency correction of the clock; 1e-6 is one ppm.',
    ({ freq }) => freq / 65_536 / 1e6,
  ],
  [
    'tscope_kernel_clock_tick_seconds',
    'Length of a tick as the kernel counts it; 0.01 is no correction.',
    ({ tick }) => tick / 1e6,
  ],
];

/** What chronyd says of its tracking; absent where it does not answer. */
export const CHRONY: ReadonlyArray<Row<ChronyTracking>> = [
  [
    'tscope_chrony_synchronized',
    '1 where chronyd follows a source of time, else 0.',
    ({ synchronised }) => (synchronised ? 1 : 0),
  ],
  ['tscope_chrony_stratum', 'Stratum of chronyd.', ({ stratum }) => stratum],
  [
    'tscope_chrony_system_time_offset_seconds',
    'How far the system clock is behind what chronyd takes for true time; it is being slewed.',
    ({ correctionS }) => correctionS,
  ],
  [
    'tscope_chrony_last_offset_seconds',
    'Offset of the clock at the last update.',
    ({ lastOffsetS }) => lastOffsetS,
  ],
  ['tscope_chrony_rms_offset_seconds', 'Long-term average of the offset.', ({ rmsOffsetS }) => rmsOffsetS],
  [
    'tscope_chrony_frequency_ratio',
    'How much the clock would gain without correction; 1e-6 is one ppm.',
    ({ frequency }) => frequency,
  ],
  ['tscope_chrony_skew_ratio', 'Error bound of the frequency.', ({ skew }) => skew],
  ['tscope_chrony_root_delay_seconds', 'Round trip to the reference clock.', ({ rootDelayS }) => rootDelayS],
  [
    'tscope_chrony_root_dispersion_seconds',
    'Error gathered on the way to the reference clock.',
    ({ rootDispersionS }) => rootDispersionS,
  ],
];
