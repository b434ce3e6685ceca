import type { DriftEvent } from '../../../schema/drift.ts';
import { formatCount } from '../../../units.ts';
import { element } from '../../svg/element.ts';
import { heading, table } from '../markup.ts';

/** As many events as this are listed at once; more stand behind a click. */
const FEW = 8;

/** How often each kind happened, and every single one. HTML. */
export function eventsTable(events: readonly DriftEvent[]): string {
  if (events.length === 0) return '';
  const all = table(
    ['at', 'event', 'detail'],
    events.map(({ at, kind, detail }) => [at, kind, detail]),
  );
  if (events.length <= FEW) return heading('Events') + all;
  const kinds = [...new Set(events.map(({ kind }) => kind))].map((kind) => {
    const own = events.filter((event) => event.kind === kind);
    return [kind, formatCount(own.length), own[0]?.at ?? '', own.at(-1)?.at ?? ''];
  });
  const summary = element('summary', {}, `All ${formatCount(events.length)} events`);
  return (
    heading('Events') +
    table(['event', '#times', 'first at', 'last at'], kinds) +
    element('details', {}, summary, all)
  );
}
