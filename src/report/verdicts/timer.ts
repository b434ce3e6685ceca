import type { TimerResult } from '../../schema/timer.ts';
import { formatCount, formatNs } from '../../units.ts';
import type { Verdict } from './verdict.ts';

/** How each backend waits, in words. */
export const BACKEND_WORDS: Readonly<Record<TimerResult['backend'], string>> = {
  hrtimer: 'sleeping, as the hrtimer does',
  tsc: 'spinning on the TSC, as the preemption timer does',
  hybrid: 'sleeping, then spinning',
};

/** How late the periodic timer is on this host. */
export function timerVerdict({ latenessNs, missed, ticks, periodNs, backend }: TimerResult): Verdict {
  const about = 'The live timer';
  if (latenessNs === null) return { level: 'unknown', about, text: 'No tick was measured.' };
  const late = `Every ${formatNs(periodNs)}, ${BACKEND_WORDS[backend]}: half of the ticks are later than ${formatNs(latenessNs.p50)}, one in a hundred is later than ${formatNs(latenessNs.p99)}`;
  if (missed === 0) return { level: 'good', about, text: `${late}; none was missed.` };
  return {
    level: 'note',
    about,
    text: `${late}; ${formatCount(missed)} of ${formatCount(ticks + missed)} were missed.`,
  };
}
