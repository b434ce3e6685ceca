import { native } from '../native.ts';
import { reasonOf } from '../system-error.ts';
import type { Log } from './log.ts';

/** The watchdog is fed this often in the time that it allows. */
const FEEDS = 3;

/**
 * Speaks to the service manager that started this process, if there is one: that it is ready, that it works and that it
 * ends; see sd_notify(3).
 *
 * @param works whether sampling and storing make progress: the watchdog is fed only then.
 */
export function serviceManager(
  environment: Readonly<Record<string, string | undefined>>,
  works: () => boolean,
  log: Log,
) {
  const socket = environment['NOTIFY_SOCKET'];
  const tell = (text: string): void => {
    if (socket === undefined || socket === '') return;
    try {
      native().notify(socket, text);
    } catch (error) {
      log('warn', `the service manager does not listen: ${reasonOf(error)}`);
    }
  };
  const mine = [undefined, String(process.pid)].includes(environment['WATCHDOG_PID']);
  const watchdogMs = mine ? Number(environment['WATCHDOG_USEC'] ?? Number.NaN) / 1e3 : Number.NaN;
  let timer: NodeJS.Timeout | null = null;
  return {
    ready: (): void => {
      tell('READY=1');
      if (watchdogMs > 0) timer = setInterval(() => works() && tell('WATCHDOG=1'), watchdogMs / FEEDS);
    },
    ending: (): void => {
      if (timer !== null) clearInterval(timer);
      tell('STOPPING=1');
    },
  };
}
