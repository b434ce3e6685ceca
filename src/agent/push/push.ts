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

/** Does it now and then again, never twice at once; the log has the first failure of a row, and the recovery. */
function repeatedly(what: string, everyMs: number, log: Log, work: () => Promise<void>): Push {
  let failing = false;
  let running: Promise<void> = Promise.resolve();
  let busy = false;
  const turn = (): void => {
    if (busy) return;
    busy = true;
    running = work()
      .then(
        () => {
          if (failing) log('info', `${what} works again`);
          failing = false;
        },
        (error: unknown) => {
          if (!failing) log('error', `${what} failed: ${reasonOf(error)}`, { retryInMs: everyMs });
          failing = true;
        },
      )
      .finally(() => {
        busy = false;
      });
  };
  turn();
  const timer = setInterval(turn, everyMs);
  return {
    end: async () => {
      clearInterval(timer);
      await running;
    },
  };
}

/**
 * Writes the metrics where node_exporter's textfile collector finds them: a whole file at a time, which is removed when the
 * agent ends, so that no old value is taken for a new one.
 */
export function writeTextfile(file: string, metrics: Registry, log: Log): Push {
  const scratch = `${file}.${process.pid}.tmp`;
  const push = repeatedly(`writing the metrics to ${file}`, TEXTFILE_MS, log, async () => {
    try {
      await writeFile(scratch, await metrics.metrics());
      // node_exporter is another user.
      await chmod(scratch, 0o644);
      await rename(scratch, file);
    } catch (error) {
      await rm(scratch, { force: true });
      throw error;
    }
  });
  return {
    end: async () => {
      await push.end();
      await rm(file, { force: true }).catch(() => {});
    },
  };
}

/** Sends the metrics to an OpenTelemetry collector; its library is loaded only here. */
export async function sendOtlp(url: string, metrics: Registry, startedAt: Date, log: Log): Promise<Push> {
  const { createExporter } = await import('./otlp.ts');
  const exporter = await createExporter(url, startedAt);
  const push = repeatedly(`sending the metrics to ${url}`, OTLP_MS, log, async () =>
    exporter.send(await metrics.getMetricsAsJSON()),
  );
  return {
    end: async () => {
      await push.end();
      await exporter.close();
    },
  };
}
