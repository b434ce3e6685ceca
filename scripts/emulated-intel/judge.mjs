// Holds what tscope said inside against what the kernel is known to do, and against the kernel's own trace.
import { afterResume, burstsOf } from './kernel-trace.mjs';

/** What each kernel does with a target that is past, and the model's policy that does the same. */
const EXPECTED = {
  fixed: { verdict: 'clamps', policy: 'clamp' },
  unfixed: { verdict: 'catches-up', policy: 'catch-up' },
};
/** How far the model's callbacks, and a document's, may be from the kernel's. */
const NEAR = 3;

const parse = (text) => {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
};

/** Judges a document of `tscope kvm`, or of that part of a measurement. */
function judgeKvm(kind, { name, args, traced = false, preemptionTimer = true }, document, trace, demand) {
  const result = args[0] === 'measure' ? document.result.kvm : document.result;
  demand(result?.verdict != null, 'has no verdict');
  if (result?.verdict == null) return [];
  if (args[0] === 'measure' && result.resume === null) {
    // A quick measurement ends after 12 s of this machine's time, and its parts before kvm can have used them up.
    const { verdict, fix } = result;
    const nothing = verdict === 'inconclusive' && fix === 'untested';
    demand(nothing, `verdict ${verdict} and fix ${fix} though no stop was measured`);
    return [{ kernel: kind, job: name, guest: 'no time left', verdict }];
  }
  const expected = EXPECTED[kind].verdict;
  const path = preemptionTimer ? 'preemption-timer' : 'hrtimer';
  demand(result.path === path, `path ${result.path} instead of ${path}`);
  demand(
    result.verdict === expected,
    `verdict ${result.verdict} instead of ${expected}: ${result.explanation}`,
  );
  demand(result.fix === expected, `fix ${result.fix} instead of ${expected}`);
  // On the hrtimer a stop leaves nothing overdue: there the forced delay alone decides.
  const ofStop = preemptionTimer ? expected : 'keeps-running';
  const bursts = traced ? burstsOf(trace, result.periodNs * 1e-9) : [];
  const left = [...bursts];
  return [result.resume, ...result.otherStops].map((stop) => {
    const what = `${stop.loop}, ${stop.stop}`;
    // A host that was late before the stop has cost this guest the preemption timer: then its stop must claim nothing.
    const fellBack = kind === 'unfixed' && preemptionTimer && stop.path !== path;
    const wanted = fellBack ? 'inconclusive' : ofStop;
    // A slow machine may resume on the old grid by chance; an hrtimer's stop that claims nothing is nowhere wrong.
    demand(
      stop.verdict === wanted || (!preemptionTimer && stop.verdict === 'inconclusive'),
      `${what} is said to be ${stop.verdict} instead of ${wanted}: ${stop.explanation}`,
    );
    let seen = '-';
    if (traced && kind === 'unfixed' && stop.burst !== null) {
      const found = left.findIndex((length) => Math.abs(length - stop.burst.callbacks) <= NEAR);
      demand(
        found >= 0,
        `${what}: no burst of about ${stop.burst.callbacks} callbacks is in the trace (${left.join(', ') || 'none'})`,
      );
      seen = found < 0 ? 0 : left.splice(found, 1)[0];
    }
    if (traced && kind === 'fixed') {
      seen = Math.max(0, ...bursts);
      demand(seen < stop.missedTicks / 10, `${what}: a burst of ${seen} callbacks`);
    }
    return {
      kernel: kind,
      job: name,
      guest: stop.loop,
      stop: stop.stop,
      path: stop.path,
      'of the stop': stop.verdict,
      verdict: result.verdict,
      delays: result.stall?.verdict ?? '-',
      missed: stop.missedTicks,
      burst: stop.burst?.callbacks ?? '-',
      "kernel's": seen,
      'first KVM_RUN, us': micro(stop.firstInterruptNs),
      'shift, us': micro(stop.phaseShiftNs),
    };
  });
}

const micro = (ns) => (ns === null ? '-' : Math.round(ns / 1e3));

/** Judges stops that were recorded in full: model and kernel, callback by callback. */
function judgeRecorded(kind, name, { host, stops, delays }, trace, demand) {
  const { policy } = EXPECTED[kind];
  const rows = stops.map((recorded) => {
    const { record, path, model } = recorded;
    const what = `${record.loop}, ${record.stop}, ${record.periodNs / 1e6} ms`;
    const wanted = host.preemptionTimer ? 'preemption-timer' : 'hrtimer';
    if (record.stop !== 'save-restore') demand(path === wanted, `${what}: path ${path} instead of ${wanted}`);
    const first = record.deliveriesNs.find((ns) => ns >= 0) ?? null;
    const row = {
      kernel: kind,
      job: name,
      guest: record.loop,
      stop: record.stop,
      'period, ms': record.periodNs / 1e6,
      'stopped, ms': Math.round(-record.leftNs / 1e6),
      path,
      "model's callbacks": model[policy],
      "kernel's": '-',
      'expirations at once': '-',
      'first KVM_RUN, us': micro(first),
    };
    if (trace === '') return row;
    const { callbacksUs, expirationsUs } = afterResume(trace, recorded);
    demand(
      Math.abs(callbacksUs.length - model[policy]) <= NEAR,
      `${what}: ${callbacksUs.length} callbacks after the resume, the model has ${model[policy]}`,
    );
    // A guest left in a halt goes on with it, and makes its stop up on the software timer.
    const spins = record.loop === 'spin' && record.stop === 'pause';
    const atOnce = expirationsUs.filter((us) => us < record.periodNs / 2e3).length;
    if (kind === 'fixed' && spins) {
      demand(
        atOnce === 2,
        `${what}: the preemption timer expired ${atOnce} times at the resume instead of twice`,
      );
    }
    return { ...row, "kernel's": callbacksUs.length, 'expirations at once': spins ? atOnce : '-' };
  });
  if (delays !== null) demand(delays.stalls.length >= 3, `no delay of the timer: ${delays.reason}`);
  return rows;
}

/**
 * Rows for each guest that was stopped, and what is not as it must be.
 *
 * @param kind "fixed" or "unfixed".
 * @param run files and exit codes by name, and why some are missing.
 * @param jobs what was run.
 */
export function judge(kind, { files, exits, fault = null }, jobs) {
  const faults = fault === null ? [] : [`${kind}: ${fault}`];
  const [documents, recordings] = [[], []];
  for (const job of jobs.filter(({ name }) => fault === null || exits.has(name))) {
    const { name, args } = job;
    const demand = (condition, sentence) => {
      if (!condition) faults.push(`${kind}, ${name}: ${sentence}`);
    };
    const code = exits.get(name);
    const verdictMayBeBad = args[0] === 'kvm' || args[0] === 'measure';
    demand(
      code === 0 || (verdictMayBeBad && code === 1),
      `exit code ${code}: ${(files.get(`${name}.err`) ?? '').trim()}`,
    );
    const document = parse(files.get(`${name}.json`) ?? '');
    demand(document !== null, 'no document was printed');
    if (document === null) continue;
    const trace = files.get(`${name}.trace`) ?? '';
    if (args[0] === 'record') recordings.push(...judgeRecorded(kind, name, document, trace, demand));
    else if (verdictMayBeBad) documents.push(...judgeKvm(kind, job, document, trace, demand));
  }
  return { documents, recordings, faults };
}
