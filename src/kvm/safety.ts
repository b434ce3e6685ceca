import { count } from '../digits.ts';
import { usageError } from '../errors.ts';
import { fileText } from '../host/fact.ts';
import { CRASH_CALLBACK_NS } from '../lapic/virtual-host.ts';
import { formatNs, NS_PER_MS, NS_PER_S } from '../units.ts';

/** A burst that nobody needs to be asked about. */
export const HARMLESS_BURST_NS = 20 * NS_PER_MS;
/** How much slower than the reporter's a host may be before its watchdog could be reached. */
const SLOWER_HOST = 4;

/** What a stop costs a kernel that catches up, with interrupts off: one callback for each period missed. */
export function burstEstimate(stopNs: number, periodNs: number, callbackNs: number = CRASH_CALLBACK_NS) {
  const callbacks = Math.floor(stopNs / periodNs);
  return { callbacks, callbackNs, burstNs: callbacks * callbackNs };
}

const WATCHDOG_FILE = '/proc/sys/kernel/watchdog_thresh';
const DEFAULT_WATCHDOG_NS = 10 * NS_PER_S;

/** The hard-lockup threshold, ns; Linux's default where the watchdog is off or cannot be read. */
export const watchdogNs = (): number =>
  Number.parseInt(fileText(WATCHDOG_FILE) ?? '', 10) * NS_PER_S || DEFAULT_WATCHDOG_NS;

/**
 * Refuses a stop that could harm the host, should its kernel catch up (CVE-2025-71104): one that could reach the
 * watchdog always, one whose burst is longer than 20 ms unless `yesReally`.
 *
 * @param callbackNs what a callback costs on this host, where that was measured.
 * @throws TscopeError USAGE.
 */
export function checkStop(
  stopNs: number,
  periodNs: number,
  yesReally: boolean,
  watchdog: number,
  callbackNs: number = CRASH_CALLBACK_NS,
): void {
  const { callbacks, burstNs } = burstEstimate(stopNs, periodNs, callbackNs);
  const cost =
    `${count(callbacks)} timer callbacks with interrupts off, about ${formatNs(burstNs)} ` +
    `at ${formatNs(callbackNs)} each`;
  if (burstNs * SLOWER_HOST >= watchdog) {
    throw usageError(
      `\`stopNs\`: ${formatNs(stopNs)} at a period of ${formatNs(periodNs)} is refused: on a kernel with CVE-2025-71104 ` +
        `it costs ${cost}, and a host ${SLOWER_HOST} times slower would reach its ${formatNs(watchdog)} watchdog.`,
      'Give a shorter `stopNs` or a longer `periodNs`; `tscope stop` shows long stops without any risk.',
    );
  }
  if (burstNs > HARMLESS_BURST_NS && !yesReally) {
    throw usageError(
      `\`stopNs\`: ${formatNs(stopNs)} at a period of ${formatNs(periodNs)} may cost ${cost}, ` +
        'on a kernel with CVE-2025-71104.',
      `Add \`yesReally\` to do it all the same, or stay below ${formatNs(HARMLESS_BURST_NS)}: a shorter \`stopNs\`, a longer \`periodNs\`.`,
    );
  }
}
