import { existsSync } from 'node:fs';
import { TscopeError, usageError } from '../errors.ts';
import { compareRuns, type Named, type Runs } from '../report/compare/compare.ts';
import { compareText } from '../report/compare/text.ts';
import { inputOf, ofHost, type ReportInput } from '../report/input.ts';
import { documentOfRun, listRuns } from '../store/runs.ts';
import { DEFAULT_STORE, openStoreToRead, using } from '../store/store.ts';
import { defineCommand } from './command.ts';
import { RUN_HELP, readDocument } from './read-document.ts';

const HELP = `
Each figure that both sides have stands side by side with the difference and its interval. What repeats exactly (the
kernel's mult and shift, simulated time) is compared exactly; the rest is held against the spread between runs: what is
typical on an idle host, what the runs of a side show, and what earlier runs of the host in the store show. Where nothing
changed, one comparison in a hundred says otherwise. Rates in hertz differ by a ratio.

Examples:
  tscope compare tscope-runs/20260131-235959 tscope-runs/20260201-080000     before and after
  tscope compare before-*.json -- after-*.json                               several runs a side: finds smaller changes
  tscope compare host-a.json host-b.json --json                              two hosts, for a program`;

/**
 * The names of both sides: two, or any number on either side of a `--`.
 *
 * @param words the command line, which still has the `--`.
 */
function sidesOf(names: readonly string[], words: readonly string[]): [a: string[], b: string[]] {
  const dashes = words.lastIndexOf('--');
  const after = dashes === -1 ? (names.length === 2 ? 1 : 0) : words.length - dashes - 1;
  const [a, b] = [names.slice(0, names.length - after), names.slice(names.length - after)];
  if (a.length > 0 && b.length > 0) return [a, b];
  throw usageError(
    `compare: ${names.length === 1 ? 'one run was' : `${names.length} runs were`} given; give two, or runs on both sides of a --, as in A1 A2 -- B1 B2.`,
  );
}

async function readSide(names: readonly string[], db: string): Promise<Runs> {
  const runs: Named[] = [];
  for (const name of names) runs.push({ name, input: ofHost((await readDocument(name, db)).input, name) });
  return runs as unknown as Runs;
}

/** This many earlier runs are enough to know how runs differ. */
const MOST_EARLIER = 50;

/** The documents that a store has of this host, the runs of the comparison left out. */
function earlierRuns(db: string, compared: readonly ReportInput[]): ReportInput[] {
  if (!existsSync(db)) return [];
  const hosts = new Set(compared.map(({ host }) => host.hostname));
  const known = new Set(compared.map(({ startedAt }) => startedAt));
  return using(openStoreToRead(db), (store) => {
    const runs = listRuns(store).filter((run) => run.hasDocument && hosts.has(run.hostName));
    return runs.slice(0, MOST_EARLIER).flatMap((run) => {
      try {
        const input = ofHost(inputOf(JSON.parse(documentOfRun(store, run.id) ?? 'null'), run.key), run.key);
        return known.has(input.startedAt) ? [] : [input];
      } catch (error) {
        // A document of a command that has no figures, or of another version.
        if (error instanceof TscopeError || error instanceof SyntaxError) return [];
        throw error;
      }
    });
  });
}

export const command = defineCommand({
  name: 'compare',
  summary: 'compares runs or hosts: what changed by more than the run-to-run spread',
  needsHost: false,
  configure: (command) =>
    command
      .argument('<runs...>', `two runs, or several on each side of a --; each is ${RUN_HELP}`)
      .option(
        '--db <file>',
        'the store to look for the runs in, and for earlier ones of the host',
        DEFAULT_STORE,
      )
      .addHelpText('after', HELP),
  run: async (_context, { db }, [names]) => {
    const [first, second] = sidesOf(names, process.argv);
    const [a, b] = [await readSide(first, db), await readSide(second, db)];
    const history = earlierRuns(
      db,
      [...a, ...b].map(({ input }) => input),
    );
    const result = compareRuns(a, b, history);
    return { result, text: compareText(result) };
  },
});
