// What the kernel's function tracer saw of the guests' timers.

/**
 * A burst's callbacks follow one another faster than this share of a period: they took 11 us and less. Those of the
 * sixteen guests whose timers measure a callback's cost come 25 us apart, now and then some together.
 */
const TOGETHER = 1 / 20;

/** Times at which a function ran, s. */
export const timesOf = (trace, name) =>
  [...trace.matchAll(/\s(\d+\.\d+): (\w+)/g)].flatMap(([, at, found]) =>
    found === name ? [Number(at)] : [],
  );

/**
 * Bursts in a trace: runs of `apic_timer_fn` that follow one another faster than a twentieth of a period.
 *
 * @param trace text of the function tracer.
 * @param periodS the timer's period, s.
 * @returns lengths of all bursts of three callbacks and more, in their order.
 */
export function burstsOf(trace, periodS) {
  const times = timesOf(trace, 'apic_timer_fn');
  const bursts = [];
  let length = 1;
  for (let i = 1; i <= times.length; i++) {
    if (i < times.length && times[i] - times[i - 1] < periodS * TOGETHER) length += 1;
    else {
      if (length >= 3) bursts.push(length);
      length = 1;
    }
  }
  return bursts;
}

/**
 * What the kernel did with a guest after its stop. The resume is the end of the longest time in which nothing ran.
 *
 * @param trace text of the function tracer, with CLOCK_MONOTONIC for its clock.
 * @param recorded a stop of `record.mjs`.
 * @returns times of callbacks and of expirations of the preemption timer, us after the resume, up to the last interrupt.
 */
export function afterResume(trace, { record, fromKtime, toKtime }) {
  const [from, to] = [Number(fromKtime) / 1e9, Number(toKtime) / 1e9];
  const inside = (name) => timesOf(trace, name).filter((at) => at >= from && at <= to);
  const [callbacks, expirations] = ['apic_timer_fn', 'kvm_lapic_expired_hv_timer'].map(inside);
  const all = [...callbacks, ...expirations].sort((a, b) => a - b);
  let resume = from;
  let longest = 0;
  for (let i = 1; i < all.length; i++) {
    if (all[i] - all[i - 1] <= longest) continue;
    longest = all[i] - all[i - 1];
    resume = all[i];
  }
  const last = (record.deliveriesNs.at(-1) ?? 0) / 1e9;
  const since = (times) =>
    times.filter((at) => at >= resume && at <= resume + last).map((at) => Math.round((at - resume) * 1e6));
  return { callbacksUs: since(callbacks), expirationsUs: since(expirations) };
}
