// What is run inside the emulated host, in this order.

/**
 * @typedef {object} Job
 * @property {string} name
 * @property {string[]} args of tscope; for "record", of `record.mjs`.
 * @property {boolean} [traced] the kernel's function tracer runs beside it.
 * @property {boolean} [preemptionTimer] false: kvm_intel is loaded with preemption_timer=0.
 * @property {'fixed'|'unfixed'} [kernel] the only one it is run on, so that both machines are done in a quarter of an hour.
 * @property {true} [asked] run only where it is asked for: its 12 s are as many seconds of two busy CPUs in there.
 * @property {number} seconds of CPU time that the emulator needs for it, of both kernels the mean.
 */

/** @type {Job[]} */
export const JOBS = [
  {
    name: 'kvm-1ms-1s',
    args: ['kvm', '--period', '1ms', '--stop', '1s', '--ticks', '100', '--stalls', '3', '--json'],
    traced: true,
    seconds: 206,
  },
  { name: 'stops', args: ['record', 'stops'], traced: true, seconds: 70 },
  { name: 'delays', args: ['record', 'delays'], preemptionTimer: false, seconds: 72 },
  {
    name: 'kvm-500us-300ms',
    args: [
      ...['kvm', '--period', '500us', '--stop', '300ms', '--ticks', '100', '--stalls', '3'],
      ...['--trace', 'off', '--json'],
    ],
    preemptionTimer: false,
    seconds: 165,
  },
  { name: 'host', args: ['host', '--json'], kernel: 'fixed', seconds: 57 },
  { name: 'timer', args: ['timer', '--duration', '200ms', '--json'], kernel: 'unfixed', seconds: 147 },
  // The loopback interface is down in there: what asks a local server must not fall over that.
  {
    name: 'measure',
    args: ['measure', '--quick', '--out', '/tmp/measured', '--json'],
    asked: true,
    seconds: 800,
  },
];

/**
 * The jobs of one kernel.
 *
 * @param names those that are asked for; undefined: all that a quarter of an hour has room for.
 */
export const jobsOf = (kind, names) =>
  JOBS.filter(
    ({ name, kernel = kind, asked = false }) => kernel === kind && (names?.includes(name) ?? !asked),
  );

/** The same as lines of the shell, for init.sh. */
export function jobsScript(jobs) {
  let on = true;
  const lines = jobs.flatMap(({ name, args, traced = false, preemptionTimer = true }) => {
    const load = preemptionTimer === on ? [] : [`load_kvm preemption_timer=${preemptionTimer ? 1 : 0}`];
    on = preemptionTimer;
    const [first, ...others] = args;
    const command = first === 'record' ? ['record.js', ...others] : ['main.js', ...args];
    return [...load, `job ${name} ${traced ? 'traced' : 'plain'} ${command.join(' ')}`];
  });
  return `${lines.join('\n')}\n`;
}
