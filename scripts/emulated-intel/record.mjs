// Runs inside: records stops and forced delays of real guests in full, interrupt by interrupt, as test data.
//
//   node record.js stops     guests that halt and that spin, stopped and resumed at several phases, saved and restored
//   node record.js delays    guests on the software timer: two stops, and the forced delay of their timer
import { quietControl } from '../../dist/clock/control.js';
import { ktimeNow } from '../../dist/kvm/guest.js';
import { kvmHost } from '../../dist/kvm/host.js';
import { predict } from '../../dist/kvm/model.js';
import { recordStalls, stallSetup } from '../../dist/kvm/stall.js';
import { recordStop } from '../../dist/kvm/stop.js';
import { timerSetup } from '../../dist/kvm/timer-setup.js';
import { burstOf, findingOf, pathOf } from '../../dist/kvm/verdict.js';

const MS = 1e6;
const PLANS = {
  stops: [
    { loop: 'spin', stop: 'pause', periodNs: MS, stopNs: 1000 * MS, resumeAt: 0.5 },
    { loop: 'halt', stop: 'pause', periodNs: MS, stopNs: 1000 * MS, resumeAt: 0.5 },
    { loop: 'spin', stop: 'pause', periodNs: MS, stopNs: 200 * MS, resumeAt: 0.3 },
    { loop: 'halt', stop: 'pause', periodNs: MS, stopNs: 200 * MS, resumeAt: 0.3 },
    { loop: 'spin', stop: 'pause', periodNs: MS / 2, stopNs: 200 * MS, resumeAt: 0.6 },
    { loop: 'halt', stop: 'pause', periodNs: 2 * MS, stopNs: 200 * MS, resumeAt: 0.7 },
    { loop: 'spin', stop: 'save-restore', periodNs: MS, stopNs: 100 * MS, resumeAt: 0.5 },
    { loop: 'halt', stop: 'save-restore', periodNs: MS, stopNs: 100 * MS, resumeAt: 0.5 },
  ],
  delays: [
    { loop: 'spin', stop: 'pause', periodNs: MS, stopNs: 100 * MS, resumeAt: 0.5 },
    { loop: 'halt', stop: 'pause', periodNs: MS, stopNs: 100 * MS, resumeAt: 0.5 },
  ],
};
/** Interrupts on either side of a stop. */
const TICKS = 40;
/** A host that is late once costs a spinning guest the preemption timer on a kernel that catches up. */
const TRIES = 4;

const plan = process.argv[2];
const host = kvmHost();

/** Callbacks and expirations from the resume to the last interrupt, as the model has them for this kernel's rule. */
function modelOf(record, path, periodNs) {
  const finding = findingOf(record);
  const callbackNs = burstOf(finding, path, periodNs)?.callbackNs;
  return Object.fromEntries(
    ['clamp', 'catch-up'].map((policy) => [
      policy,
      predict(record, policy, path, host.tscKhz, callbackNs).callbacks,
    ]),
  );
}

function recorded({ loop, stop, periodNs, stopNs, resumeAt }) {
  const setup = timerSetup(periodNs, 1, 0);
  for (let tries = 1; ; tries++) {
    const fromKtime = ktimeNow();
    const record = recordStop(
      { loop, stop, setup, stopNs, ticks: TICKS, resumeAt, trace: 'off', tscKhz: host.tscKhz },
      quietControl,
    );
    const toKtime = ktimeNow();
    const { path } = pathOf(record, host);
    const wanted = host.preemptionTimer ? 'preemption-timer' : 'hrtimer';
    if (path !== wanted && stop !== 'save-restore' && tries < TRIES) continue;
    const model = modelOf(record, stop === 'save-restore' ? wanted : path, periodNs);
    return { record, path, model, fromKtime: `${fromKtime}`, toKtime: `${toKtime}`, tries };
  }
}

const stops = PLANS[plan].map(recorded);
const delays =
  plan === 'delays'
    ? recordStalls(
        { setup: stallSetup(60_000, 200_000), stalls: 5, trace: 'on', tscKhz: host.tscKhz },
        quietControl,
      )
    : null;
process.stdout.write(JSON.stringify({ host, stops, delays }));
