import { chmod, rename, rm, writeFile } from 'node:fs/promises';
import type { Registry } from 'prom-client';
import { reasonOf } from '../../host/fact.ts';
import type { Log } from '../log.ts';

/** Between two writes, ms: node_exporter is scraped about so often. */
const TEXTFILE_MS = 15_000;
/** Between two exports, ms: the default of OpenTelemetry's own reader. */
const OTLP_MS = 60_000;

/** Metrics that go out by themselves until they are ended. */
export interface Push {
  end(): Promise<void>;
}

/**
 * Does it now and then again, never twice at once; the log has the first failure of a row, and the recovery.
 *
 * @param finish is done once it has ended.
 */
function repeatedly(
  what: string,
  everyMs: number,
  log: Log,
  work: () => Promise<void>,
  finish: () => Promise<void>,
): Push {
  let failing = false;
  let running: Promise<void> | null = null;
  const once = async (): Promise<void> => {
    try {
      await work();
      if (failing) log('info', `${what} works again`);
      failing = false;
    } catch (error) {
      if (!failing) log('error', `${what} failed: ${reasonOf(error)}`, { retryInMs: everyMs });
      failing = true;
    }
    running = null;
  };
  const turn = (): void => {
    running ??= once();
  };
  turn();
  const timer = setInterval(turn, everyMs);
  return {
    end: async () => {
      clearInterval(timer);
      await running;
      await finish();
    },
  };
}

/**
 * Writes the metrics where node_exporter's textfile collector finds them: a whole file at a time, which is removed when the
 * agent ends, so that no old value is taken for a new one.
 */
export function writeTextfile(file: string, metrics: Registry, log: Log): Push {
  const scratch = `${file}.${process.pid}.tmp`;
  const write = async (): Promise<void> => {
    try {
      await writeFile(scratch, await metrics.metrics());
      // node_exporter is another user.
      await chmod(scratch, 0o644);
      await rename(scratch, file);
    } catch (error) {
      await rm(scratch, { force: true });
      throw error;
    }
  };
  const remove = () => rm(file, { force: true }).catch(() => {});
  return repeatedly(`writing the metrics to ${file}`, TEXTFILE_MS, log, write, remove);
}

/** Sends the metrics to an OpenTelemetry collector; its library is loaded only here. */
export async function sendOtlp(url: string, metrics: Registry, startedAt: Date, log: Log): Promise<Push> {
  const { createExporter } = await import('./otlp.ts');
  const { send, close } = await createExporter(url, startedAt);
  const all = async () => send(await metrics.getMetricsAsJSON());
  return repeatedly(`sending the metrics to ${url}`, OTLP_MS, log, all, close);
}
