import type { Command, OptionValues } from '@commander-js/extra-typings';
import { usageError } from '../../errors.ts';
import type { FleetStore } from '../../fleet/store/fleet-store.ts';
import { filterOf, type Where } from '../../fleet/store/hosts.ts';
import { openFleetStore } from '../../fleet/store/open.ts';
import { integer } from '../options.ts';

/** Where the fleet store is, if no flag says so. */
const PLACE = 'TSCOPE_FLEET_DB';

/** Adds --db: the fleet store to ask. */
export const storeOption = <Args extends unknown[], Options extends OptionValues>(
  command: Command<Args, Options>,
) =>
  command.option(
    '--db <place>',
    `the fleet store: postgres://user@host/database, or a file; without it $${PLACE}`,
  );

/** Adds --where, which may be given several times, --limit and --offset. */
export const pageOptions = <Args extends unknown[], Options extends OptionValues>(
  command: Command<Args, Options>,
) =>
  command
    .option(
      '--where <field=pattern...>',
      'only hosts with this field or label, * standing for anything; may be repeated',
      (text: string, before: Where[] = []) => [...before, filterOf(text)],
    )
    .option('--limit <n>', 'rows to show', integer(1, 10_000), 50)
    .option('--offset <n>', 'rows to leave out before them', integer(0, 1_000_000), 0);

/** Asks the fleet store, and closes it. @throws TscopeError USAGE where no store is named; as the store. */
export async function askStore<T>(
  db: string | undefined,
  question: (store: FleetStore) => Promise<T>,
): Promise<T> {
  const place = db ?? process.env[PLACE];
  if (place === undefined || place === '') {
    throw usageError(
      `no fleet store is named; give --db, or set ${PLACE}.`,
      'It is what `tscope fleet collect --db` was given.',
    );
  }
  const store = await openFleetStore(place, false);
  try {
    return await question(store);
  } finally {
    await store.close();
  }
}
