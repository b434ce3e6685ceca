import type { AgentEvents, AgentNow } from '../../schema/agent-api.ts';
import { formatHz, formatNs, formatRatio } from '../../units.ts';
import { byId, make } from './dom.ts';
import { moved, type PairSeries } from './series.ts';

const orDash = (value: number | null, format: (value: number) => string): string =>
  value === null ? '-' : format(value);

const independence = { true: 'yes', false: 'no', null: 'unknown' } as const;

function pairRow(pair: AgentNow['pairs'][number], index: number, shown: PairSeries | undefined): HTMLElement {
  const row = make('tr');
  const name = make('th', `${pair.clock} - ${pair.reference}`, { scope: 'row' });
  name.prepend(make('i', '', { class: `key s${index}`, 'aria-hidden': 'true' }));
  const error = orDash(pair.rateStandardError, formatRatio).replace(/^\+/, '');
  const cells = [
    `${orDash(pair.rateRatio, formatRatio)} ± ${error}`,
    `${orDash(pair.offsetNs, formatNs)} ± ${orDash(pair.boundNs, formatNs)}`,
    shown === undefined ? '-' : orDash(moved(shown), formatNs),
  ];
  const independent = make('td', independence[`${pair.independent}`], { title: pair.independentReason });
  row.append(name, ...cells.map((text) => make('td', text, { class: 'number' })), independent);
  return row;
}

/** Shows the present state above the drawings. */
export function showNow(now: AgentNow, shown: readonly PairSeries[]): void {
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
  byId('now').replaceChildren(...now.pairs.map((pair, i) => pairRow(pair, i, find(pair.clock))));
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
      const time = make('td');
      time.append(make('time', new Date(at).toLocaleString(), { datetime: at }));
      row.append(time, make('td', kind), make('td', clock ?? 'host'), make('td', detail));
      return row;
    });
  byId('events').replaceChildren(...rows);
  byId('events-table').hidden = rows.length === 0;
  const more = truncated || events.length > LISTED ? ` The newest ${LISTED} of more are listed.` : '';
  byId('events-count').textContent =
    rows.length === 0 ? 'None in this range.' : `${events.length} in this range.${more}`;
}
