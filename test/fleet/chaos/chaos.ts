import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FleetStore } from '../../../src/fleet/store/fleet-store.ts';
import { listHosts } from '../../../src/fleet/store/hosts.ts';
import { listRuns } from '../../../src/store/runs.ts';
import { samplesOf } from '../../../src/store/samples.ts';
import { listSeries } from '../../../src/store/series.ts';
import { openStoreToRead } from '../../../src/store/store.ts';
import { account, samplesOf as storedSamples } from '../stored.ts';

const LOADER = join(import.meta.dirname, '../../load-typescript.mjs');
const MAIN = join(import.meta.dirname, '../../../src/cli/main.ts');

/** Something that can be killed and started again. */
export interface Mortal {
  readonly name: string;
  kill(): Promise<void> | void;
  start(): Promise<void> | void;
}

/** A child process that runs a TypeScript module; killed with SIGKILL. */
export class Child implements Mortal {
  readonly name: string;
  readonly #words: readonly string[];
  #child: ChildProcess | null = null;
  #ended: Promise<unknown> = Promise.resolve();
  stderr = '';

  constructor(name: string, words: readonly string[]) {
    this.name = name;
    this.#words = words;
    this.start();
  }

  start(): void {
    const child = spawn(process.execPath, ['--import', LOADER, ...this.#words], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#child = child;
    this.#ended = new Promise((resolve) => child.once('exit', resolve));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr = (this.stderr + text).slice(-10_000);
    });
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    this.#child?.kill(signal);
    await this.#ended;
  }

  /** Asks for an end and waits for it, for this long at most. @returns whether it ended. */
  async end(signal: NodeJS.Signals, ms: number): Promise<boolean> {
    this.#child?.kill(signal);
    return (await Promise.race([this.#ended.then(() => true), sleep(ms, false)])) === true;
  }
}

export const collectorChild = (name: string, hub: string, db: string, ...flags: string[]): Child =>
  new Child(name, [MAIN, 'fleet', 'collect', '--hub', hub, '--db', db, ...flags]);

export const hostsChild = (name: string, folder: string, hub: string, first: number, count: number): Child =>
  new Child(name, [join(import.meta.dirname, 'hosts.ts'), folder, hub, String(first), String(count)]);

/** Kills one of them after another at random moments, and starts it again a little later. */
export async function torment(
  mortals: readonly Mortal[],
  forMs: number,
  everyMs: number,
  tell = (_: string) => {},
): Promise<number> {
  const until = performance.now() + forMs;
  let killed = 0;
  while (performance.now() < until) {
    await sleep(everyMs * (0.5 + Math.random()));
    const victim = mortals[Math.floor(Math.random() * mortals.length)];
    if (victim === undefined) break;
    tell(`kill ${victim.name}`);
    await victim.kill();
    await sleep(everyMs * Math.random());
    await victim.start();
    killed += 1;
  }
  return killed;
}

/** Tries until it succeeds, for this long at most: a cluster has no leader in its first seconds. */
export async function patiently<T>(work: () => Promise<T>, ms: number): Promise<T> {
  for (const until = performance.now() + ms; ; ) {
    try {
      return await work();
    } catch (error) {
      if (performance.now() > until) throw error;
      await sleep(250);
    }
  }
}

/** A host's samples, whoever holds them: how many, and a digest of all. */
export interface Holding {
  readonly samples: number;
  readonly digest: string;
}

function holding(lines: readonly string[]): Holding {
  const digest = createHash('sha256')
    .update([...lines].sort().join('\n'))
    .digest('hex');
  return { samples: lines.length, digest };
}

const line = (run: string, clock: string, atNs: bigint, offsetNs: number, windowNs: number): string =>
  [run, clock, atNs, offsetNs, windowNs].join(' ');

/** What the hosts stored themselves. */
export function localHoldings(folder: string): Map<string, Holding> {
  const names = readdirSync(folder).filter((name) => name.endsWith('.db'));
  return new Map(
    names.map((file) => {
      const store = openStoreToRead(join(folder, file));
      const runs = new Map(listRuns(store).map(({ id, key }) => [id, key]));
      const lines = listSeries(store).flatMap(({ id, run, clock }) =>
        samplesOf(store, id, -(2n ** 63n), 1e9).map(({ atNs, offsetNs, windowNs }) =>
          line(runs.get(run) ?? '', clock, atNs, offsetNs, windowNs),
        ),
      );
      store.close();
      return [file.replace(/\.db$/, ''), holding(lines)];
    }),
  );
}

/** What the fleet store has of them; of minutes only how many samples went into them. */
export async function fleetHoldings(
  store: FleetStore,
): Promise<Map<string, Holding & { readonly minuteSamples: number }>> {
  const found = new Map<string, Holding & { readonly minuteSamples: number }>();
  for (const { id, host } of (await listHosts(store, { limit: 10_000 })).rows) {
    const lines = (await storedSamples(store, id)).map(({ run, clock, atNs, offsetNs, windowNs }) =>
      line(run, clock, atNs, offsetNs, windowNs),
    );
    found.set(host, { ...holding(lines), minuteSamples: (await account(store, id)).minuteSamples });
  }
  return found;
}
