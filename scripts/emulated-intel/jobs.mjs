// What is run inside the emulated host, in this order.

/** @typedef {{name: string, args: string[], traced?: boolean, preemptionTimer?: boolean}} Job */

/** @type {Job[]} */
const KVM_JOBS = [
  { name: 'kvm-1ms-1s', args: ['kvm', '--period', '1ms', '--stop', '1s', '--ticks', '100'], traced: true },
  {
    name: 'kvm-200us-300ms',
    args: ['kvm', '--period', '200us', '--stop', '300ms', '--ticks', '100'],
    traced: true,
  },
  { name: 'kvm-1ms-10s', args: ['kvm', '--period', '1ms', '--stop', '10s', '--ticks', '100'] },
];

/** @type {Job[]} */
export const JOBS = [
  { name: 'host', args: ['host'] },
  // The loopback interface is down in there: what asks a local server must not fall over that.
  { name: 'calibrate', args: ['calibrate'] },
  ...KVM_JOBS,
  { name: 'timer', args: ['timer', '--duration', '2s'] },
  { name: 'measure', args: ['measure', '--quick', '--out', '/tmp/measured'] },
  {
    name: 'kvm-hrtimer',
    args: ['kvm', '--period', '1ms', '--stop', '1s', '--ticks', '100'],
    preemptionTimer: false,
  },
];

/** The same as lines of the shell, for init.sh. */
export function jobsScript(jobs) {
  let on = true;
  const lines = jobs.flatMap(({ name, args, traced = false, preemptionTimer = true }) => {
    const load = preemptionTimer === on ? [] : [`load_kvm preemption_timer=${preemptionTimer ? 1 : 0}`];
    on = preemptionTimer;
    return [...load, `job ${name} ${traced ? 'traced' : 'plain'} ${args.join(' ')} --json`];
  });
  return `${lines.join('\n')}\n`;
}
