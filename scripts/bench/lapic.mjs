// What an expiry of the timer model costs: the backlog of `catch-up` in virtual time and on this host's clocks, each
// against a plain C loop of the same steps that runs in turns with it, and ordinary ticks of the whole vCPU loop.
import { join } from 'node:path';
import { HostClock } from '../../dist/clock/host.js';
import { ktimeOf } from '../../dist/clock/time-source.js';
import { WarpedClock } from '../../dist/clock/warped.js';
import { lapicDefaults } from '../../dist/lapic/config.js';
import { LapicTimer } from '../../dist/lapic/kvm-timer.js';
import { programPeriodic } from '../../dist/lapic/lapic-timer.js';
import { policies, policyNames } from '../../dist/lapic/policies.js';
import { hrtimerInterrupt, runVcpu, Vcpu } from '../../dist/lapic/vcpu.js';
import { VirtualHost } from '../../dist/lapic/virtual-host.js';
import { median } from '../../dist/statistics.js';
import { withC } from '../c-program.mjs';

/** Turns, so that what disturbs one side of a ratio disturbs the other. */
const ROUNDS = process.argv.includes('--quick') ? 2 : 40;
const PERIOD = 200_000n;
const KHZ = 2_194_843;
const HOST_CALLBACKS = 100_000n;
const VIRTUAL_CALLBACKS = 1_000_000n;
const TICKS = 200_000n;

/** CPU time, so that other work on the machine does not count; V8's own helper threads do. */
const nsOf = (work) => {
  const begin = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(begin);
  return (user + system) * 1e3;
};

/** A vCPU on the software timer, which is where `catch-up` works its backlog off. */
function softwareVcpu(host, policy, config = {}) {
  const timer = new LapicTimer(
    { ...lapicDefaults, guestTscKhz: KHZ, hvTimer: false, ...config },
    policies[policy],
    host,
  );
  programPeriodic(timer, PERIOD);
  return new Vcpu(timer, host);
}

const virtualHost = () => new VirtualHost(KHZ, { callbackNs: 79n, exitNs: 79n }, 1n << 50n);

/** ns of work for each missed period of a stop in virtual time. */
function virtualBacklog() {
  const host = virtualHost();
  const vcpu = softwareVcpu(host, 'catch-up');
  host.advance(VIRTUAL_CALLBACKS * PERIOD);
  return nsOf(() => hrtimerInterrupt(vcpu)) / vcpu.callbacks;
}

/** ns of work for each ordinary tick of the vCPU's loop: wait, interrupt, callback, injection, entry. */
function virtualTicks(policy, hvTimer) {
  const vcpu = softwareVcpu(virtualHost(), policy, { hvTimer });
  const until = (1n << 50n) + TICKS * PERIOD;
  return nsOf(() => runVcpu(vcpu, until)) / vcpu.timer.advances;
}

/** Real clocks, moved forward by a stall; notes the ktime of every callback. */
class TimedHost extends WarpedClock {
  at = new Float64Array(Number(HOST_CALLBACKS) + 1_000);
  count = 0;
  callbackDone() {
    this.at[this.count++] = Number(ktimeOf(this) & 0xffff_ffff_ffffn);
  }
}

/** The median time from one callback to the next on this host's clocks, ns, and their mean. */
function hostBacklog(clock) {
  const host = new TimedHost(clock);
  const vcpu = softwareVcpu(host, 'catch-up');
  host.leap(HOST_CALLBACKS * PERIOD, 0n);
  const total = nsOf(() => hrtimerInterrupt(vcpu));
  const each = host.at.subarray(1, host.count).map((at, i) => at - host.at[i]);
  return { median: median(each), mean: total / vcpu.callbacks };
}

const samples = { virtual: [], virtualC: [], sw: [], hv: [], host: [], hostMean: [], hostC: [] };
const clock = new HostClock();
await withC(join(import.meta.dirname, 'catch-up.c'), async (measureC) => {
  for (let round = 0; round < ROUNDS; round++) {
    // Every policy takes part, so that no call is compiled for one of them alone.
    const policy = policyNames[round % policyNames.length];
    samples.virtual.push(virtualBacklog());
    const host = hostBacklog(clock);
    samples.host.push(host.median);
    samples.hostMean.push(host.mean);
    const [real, virtual] = await measureC();
    samples.hostC.push(real);
    samples.virtualC.push(virtual);
    samples.sw.push(virtualTicks(policy, false));
    samples.hv.push(virtualTicks(policy, true));
  }
});

const rate = (ns) => `${(1e3 / ns).toFixed(1)} million/s`;
const line = (name, values, rest) => {
  const [least, middle] = [Math.min(...values), median(values)];
  console.log(
    `${name.padEnd(38)} ${middle.toFixed(1).padStart(6)} ns (least ${least.toFixed(1)}), ${rest(middle)}`,
  );
};
const versus = (c) => (ns) =>
  `${rate(ns)}; in C ${median(c).toFixed(1)} ns, ratio ${(ns / median(c)).toFixed(2)}`;
line('virtual time, one catch-up callback', samples.virtual, versus(samples.virtualC));
line('virtual time, one software-timer tick', samples.sw, rate);
line('virtual time, one HV-timer tick', samples.hv, rate);
line('host clocks, median catch-up callback', samples.host, versus(samples.hostC));
line('host clocks, mean catch-up callback', samples.hostMean, versus(samples.hostC));
console.log(`median of ${ROUNDS} rounds, taken in turns; ${policyNames.length} policies in the same process`);
