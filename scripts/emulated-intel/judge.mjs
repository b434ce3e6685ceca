// Holds what tscope said inside against what the kernel is known to do, and against the kernel's own trace.

/**
 * Bursts in a trace: runs of `apic_timer_fn` that follow one another faster than a quarter of a period.
 *
 * @param trace text of the function tracer.
 * @param periodS the timer's period, s.
 * @returns lengths of all bursts of three callbacks and more, the longest first.
 */
export function burstsOf(trace, periodS) {
  const times = [...trace.matchAll(/\s(\d+\.\d+): apic_timer_fn/g)].map(([, at]) => Number(at));
  const bursts = [];
  let length = 1;
  for (let i = 1; i <= times.length; i++) {
    if (i < times.length && times[i] - times[i - 1] < periodS / 4) length += 1;
    else {
      if (length >= 3) bursts.push(length);
      length = 1;
    }
  }
  return bursts.sort((a, b) => b - a);
}

/** What each kernel does with a target that is past. */
const EXPECTED = { fixed: 'clamps', unfixed: 'catches-up' };

const parse = (text) => {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
};

/**
 * One row for each job that ran KVM, and what is not as it must be.
 *
 * @param kind "fixed" or "unfixed".
 * @param run files and exit codes by name.
 * @param jobs what was run.
 */
export function judge(kind, { files, exits }, jobs) {
  const expected = EXPECTED[kind];
  const rows = [];
  const faults = [];
  const demand = (condition, sentence) => {
    if (!condition) faults.push(`${kind}: ${sentence}`);
  };
  for (const { name, args, traced = false, preemptionTimer = true } of jobs) {
    const document = parse(files.get(`${name}.json`) ?? '');
    const code = exits.get(name);
    const allowed = args[0] === 'kvm' || args[0] === 'measure' ? [0, 1] : [0];
    demand(
      allowed.includes(code),
      `${name} ended with exit code ${code}: ${(files.get(`${name}.err`) ?? '').trim()}`,
    );
    demand(document !== null, `${name} printed no document`);
    if (document === null) continue;
    if (args[0] !== 'kvm' && args[0] !== 'measure') continue;
    const result = args[0] === 'measure' ? document.result.kvm : document.result;
    demand(result?.verdict != null, `${name} has no verdict`);
    if (result?.verdict == null) continue;
    const path = preemptionTimer ? 'preemption-timer' : 'hrtimer';
    // On the hrtimer a stop leaves nothing overdue: there the forced delay alone decides.
    const ofStop = preemptionTimer ? expected : 'keeps-running';
    demand(result.path === path, `${name}: path ${result.path} instead of ${path}`);
    demand(
      result.resume.verdict === ofStop,
      `${name}: the stop is said to be ${result.resume.verdict} instead of ${ofStop}: ${result.resume.explanation}`,
    );
    demand(result.verdict === expected, `${name}: verdict ${result.verdict} instead of ${expected}`);
    demand(result.fix === expected, `${name}: fix ${result.fix} instead of ${expected}`);
    const missed = result.resume.missedTicks;
    const bursts = traced ? burstsOf(files.get(`${name}.trace`) ?? '', result.periodNs * 1e-9) : [];
    if (traced && kind === 'unfixed') {
      demand(
        bursts.some((length) => Math.abs(length - missed) <= 3),
        `${name}: ${missed} periods were missed, and no burst of so many callbacks is in the trace (${bursts.slice(0, 4).join(', ') || 'none'})`,
      );
    }
    if (traced && kind === 'fixed') {
      demand(
        bursts.every((length) => length < missed / 10),
        `${name}: a burst of ${bursts[0]} callbacks`,
      );
    }
    rows.push({
      kernel: kind,
      job: name,
      path: result.path,
      stop: result.resume.verdict,
      verdict: result.verdict,
      fix: result.fix ?? '-',
      missed,
      callbacks: traced ? (bursts[0] ?? 0) : '-',
      firstEntryUs: Math.round(result.resume.hostCpuNs / 1e3),
      shiftUs: Math.round(result.resume.phaseShiftNs / 1e3),
      stalls: result.stall?.verdict ?? '-',
    });
  }
  return { rows, faults };
}
