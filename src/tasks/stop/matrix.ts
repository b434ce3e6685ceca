import type { Control } from '../../clock/control.ts';
import type { PolicyName } from '../../lapic/policies.ts';
import type { StopRow } from '../../schema/stop.ts';
import type { OneStop } from './recover.ts';
import { measureRow } from './row.ts';
import type { StopRun } from './run-stop.ts';

/** One row to measure. */
export type Cell = Pick<OneStop, 'policy' | 'periodNs' | 'stopNs'>;

/** How long a row may be followed. */
export interface Limits {
  /** @param cutBefore a shorter stop of the same policy and period was cut or locked up. */
  limitNs(cell: Cell, cutBefore: boolean): bigint;
}

/** Every combination, short stops first: what a user waits for last is what takes longest. */
export function cellsOf(
  policies: readonly PolicyName[],
  periodsNs: readonly bigint[],
  stopsNs: readonly bigint[],
): Cell[] {
  const ascending = [...stopsNs].sort((a, b) => (a < b ? -1 : 1));
  return ascending.flatMap((stopNs) =>
    periodsNs.flatMap((periodNs) => policies.map((policy) => ({ policy, periodNs, stopNs }))),
  );
}

/** Measures one stop of a cell. @param look as in `Notes`. */
export type RunCell = (
  cell: Cell,
  limitNs: bigint,
  phase: number,
  look: (elapsedNs: number) => boolean,
) => StopRun | null;

/** Measures every cell; the rows so far where `control` asks to stop. */
export function measureMatrix(
  cells: readonly Cell[],
  repeat: number,
  limits: Limits,
  runCell: RunCell,
  control: Control,
): StopRow[] {
  const cut = new Set<string>();
  const rows: StopRow[] = [];
  for (const cell of cells) {
    if (control.cancelled()) break;
    const series = `${cell.policy} ${cell.periodNs}`;
    const limitNs = limits.limitNs(cell, cut.has(series));
    const look = (elapsedNs: number) => {
      control.progress(rows.length + Math.min(1, elapsedNs / Number(limitNs)), cells.length);
      return control.cancelled();
    };
    const row = measureRow(repeat, (phase) => runCell(cell, limitNs, phase, look));
    if (row === null) break;
    if (row.ended !== 'caught-up') cut.add(series);
    rows.push(row);
    control.progress(rows.length, cells.length);
  }
  return rows;
}

/** Rows in the order in which the user named policies, periods and stops. */
export function ordered(
  rows: readonly StopRow[],
  cells: readonly Cell[],
  policies: readonly PolicyName[],
): StopRow[] {
  const periods = [...new Set(cells.map(({ periodNs }) => Number(periodNs)))];
  const rank = (row: StopRow) =>
    policies.indexOf(row.policy) * periods.length + periods.indexOf(row.periodNs);
  return [...rows].sort((a, b) => rank(a) - rank(b) || a.stopNs - b.stopNs);
}
