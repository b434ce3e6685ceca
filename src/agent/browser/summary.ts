import { offset, ratio } from '../../digits.ts';
import { orDash, plural } from '../../report/words.ts';
import type { AgentEvents, AgentNow } from '../../schema/agent-api.ts';
import { formatHz, formatNs } from '../../units.ts';
import { byId, make } from './dom.ts';
import { moved, type PairSeries } from './series.ts';
import { nsText, timeText, withError } from './words.ts';

const independence = { true: 'yes', false: 'no', null: 'unknown' } as const;

/** How far a clock drifted within the range, and how often it was set. */
function driftText(shown: PairSeries | undefined, steps: number): string {
  const drift = shown === undefined ? '-' : orDash(moved(shown), nsText);
  return steps === 0 ? drift : `${drift}, ${plural(steps, 'step')}`;
}

function pairRow(
  pair: AgentNow['pairs'][number],
  index: number,
  shown: PairSeries | undefined,
  steps: number,
): HTMLElement {
  const row = make('tr');
  const name = make('th', `${pair.clock} - ${pair.reference}`, { scope: 'row' });
  name.prepend(make('i', '', { class: `key s${index}`, 'aria-hidden': 'true' }));
  const cells = [
    ['Rate', withError(pair.rateRatio, pair.rateStandardError, ratio)],
    ['Time error', withError(pair.offsetNs, pair.boundNs, offset)],
    ['Drift in range', driftText(shown, steps)],
  ] as const;
  const independent = make('td', independence[`${pair.independent}`], {
    title: pair.independentReason,
    'data-name': 'Independent',
  });
  row.append(
    name,
    ...cells.map(([title, text]) => make('td', text, { class: 'number', 'data-name': title })),
    independent,
  );
  return row;
}

/** Shows the present state above the drawings. */
export function showNow(now: AgentNow, shown: readonly PairSeries[], events: AgentEvents['events']): void {
  const { tsc } = now;
  byId('host').textContent = now.hostname;
  document.title = `tscope: ${now.hostname}`;
  const facts = [
    tsc === null ? 'TSC not measured yet' : `TSC ${formatHz(tsc.hz)} against ${tsc.reference}`,
    `clocksource ${now.clocksource ?? 'unknown'}`,
    `a sample every ${formatNs(now.intervalNs)}`,
    `tscope ${now.version}`,
  ];
  byId('facts').textContent = facts.join(' · ');
  const find = (clock: string) => shown.find((pair) => pair.clock === clock);
  const steps = (of: string) => events.filter(({ kind, clock }) => kind === 'step' && clock === of).length;
  byId('now').replaceChildren(
    ...now.pairs.map((pair, i) => pairRow(pair, i, find(pair.clock), steps(pair.clock))),
  );
  const { sampling, store } = now.health;
  const troubles = [
    ...(sampling.ok ? [] : [`Sampling: ${sampling.reason}`]),
    ...(store.ok ? [] : [`Store: ${store.reason} ${store.pending} samples wait in memory.`]),
  ];
  const notice = byId('trouble');
  notice.hidden = troubles.length === 0;
  notice.textContent = troubles.join(' ');
}

/** Most events listed; the drawings mark them all. */
const LISTED = 50;

/** Lists the events of the range, newest first. */
export function showEvents({ events, truncated }: Pick<AgentEvents, 'events' | 'truncated'>): void {
  const rows = events
    .slice(-LISTED)
    .reverse()
    .map(({ at, kind, clock, detail }) => {
      const row = make('tr');
      const time = make('td', '', { 'data-name': 'Time' });
      time.append(make('time', timeText(Math.floor(Date.parse(at) / 1000)), { datetime: at }));
      const words = [
        ['Kind', kind],
        ['Clock', clock ?? 'host'],
        ['What happened', detail],
      ] as const;
      row.append(time, ...words.map(([title, text]) => make('td', text, { 'data-name': title })));
      return row;
    });
  byId('events').replaceChildren(...rows);
  byId('events-table').hidden = rows.length === 0;
  const more = truncated || events.length > LISTED ? ` The newest ${LISTED} of more are listed.` : '';
  byId('events-count').textContent =
    rows.length === 0 ? 'None in this range.' : `${events.length} in this range.${more}`;
}
