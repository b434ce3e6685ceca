import type { CalibrateResult } from '../../../schema/calibrate.ts';
import { formatCount, formatHz, formatNs, formatRatio } from '../../../units.ts';
import { size } from '../../text/calibrate.ts';
import { heading, paragraph, table } from '../markup.ts';

/** Who else claims to know the rate. HTML, empty without a claim. */
export function claimsTable({ claims }: CalibrateResult): string {
  if (claims.length === 0) return '';
  const rows = claims.map(({ source, hz, offsetRatio, reason }) => [
    source,
    hz === null ? '-' : formatHz(hz),
    offsetRatio === null ? '-' : formatRatio(offsetRatio),
    reason,
  ]);
  return (
    heading('Who else claims to know it') + table(['source', '#rate', '#offset', 'why it may differ'], rows)
  );
}

const plusMinus = (value: string | null, error: string | null): string =>
  value === null ? '-' : error === null ? value : `${value} +/- ${error}`;
const or = (value: number | null, format: (value: number) => string): string | null =>
  value === null ? null : format(value);

/** The TSC of each CPU against that of the first. HTML, empty where nothing is known. */
export function cpusTable({ cpus, cpusReason }: CalibrateResult): string {
  if (cpus.length === 0 && cpusReason === null) return '';
  const rows = cpus.map((cpu) => [
    `CPU ${cpu.cpu}`,
    plusMinus(or(cpu.offsetNs, formatNs), or(cpu.resolutionNs, formatNs)),
    plusMinus(or(cpu.rateRatio, formatRatio), or(cpu.rateResolutionRatio, size)),
    formatCount(cpu.rounds),
    formatCount(cpu.warps),
    cpu.reason ?? '',
  ]);
  return [
    heading('From CPU to CPU'),
    rows.length === 0 ? '' : table(['TSC of', '#offset', '#rate', '#rounds', '#warps', 'note'], rows),
    cpusReason === null ? '' : paragraph(cpusReason, 'faint'),
  ].join('');
}

/** What happened to the clocks during the calibration. HTML, empty if nothing did. */
export function eventsTable({ events }: CalibrateResult): string {
  if (events.length === 0) return '';
  const rows = events.map(({ atNs, kind, detail }) => [formatNs(atNs), kind, detail]);
  return heading('What happened meanwhile') + table(['#after', 'event', 'detail'], rows);
}
