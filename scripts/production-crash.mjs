// The production crash, replayed: a Windows guest stopped for 55.8 days on a host with a 4.18-based kernel. First step by
// step from test/scenarios/production-crash.json, then as a whole in virtual time, under catch-up and under clamp.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { count } from '../dist/digits.js';
import { LapicTimer } from '../dist/lapic/kvm-timer.js';
import { programPeriodic } from '../dist/lapic/lapic-timer.js';
import { policies } from '../dist/lapic/policies.js';
import { replay } from '../dist/lapic/replay.js';
import { stopAndResume } from '../dist/lapic/scene.js';
import { nsecToCycles } from '../dist/lapic/time-scale.js';
import { stayInUserspace, Vcpu } from '../dist/lapic/vcpu.js';
import { VirtualHost } from '../dist/lapic/virtual-host.js';
import { parseScenarios } from '../dist/tasks/replay/parse-scenarios.js';
import { formatNs } from '../dist/units.js';

const file = fileURLToPath(new URL('../test/scenarios/production-crash.json', import.meta.url));
const [resume, dump] = parseScenarios(JSON.parse(readFileSync(file, 'utf8')), file);
const CALLBACK_NS = 79n;

const atDump = { ...dump, steps: dump.steps.slice(0, 4) };
const { timer } = replay(atDump);
const { ktime } = atDump.steps[3];
const lag = ktime - timer.targetExpiration;
const cycles = nsecToCycles(timer.scale, -lag);
const owed = lag / timer.period;
const { period } = timer;
const years = Number(cycles) / timer.config.guestTscKhz / 1e3 / 86_400 / 365.25;

console.log(`The dump, 15.3 s after the resume (period ${formatNs(Number(period))}, guest TSC ${timer.config.guestTscKhz} kHz)
  target              ${timer.targetExpiration}
  now                 ${ktime}
  lag                 ${formatNs(Number(lag))}
  cycles(target-now)  ${cycles}, for a negative delta enters as 2^64 - n
  tscdeadline         ${timer.tscdeadline}, wrapped: ${years.toFixed(0)} years ahead
  HV timer            refused: the preemption timer holds 2^${32 + timer.config.preemptionTimerShift} cycles
  software timer      armed at ${timer.hrtimerExpires}, long past: expires again at once
  callbacks owed      ${count(Number(owed))}, ${formatNs(Number(owed * CALLBACK_NS))} at ${CALLBACK_NS} ns each
`);

/** The whole stop in virtual time: programmed, left at once, back after 55.8 days; then until it has caught up or locked up. */
function run(policy) {
  const { config, steps } = resume;
  const [programmed, back] = [steps[2], steps[3]];
  const host = new VirtualHost(
    config.guestTscKhz,
    { callbackNs: CALLBACK_NS, exitNs: 1_000n },
    programmed.ktime,
  );
  const timer = new LapicTimer({ ...config, l1TscOffset: 0n }, policies[policy], host);
  const vcpu = new Vcpu(timer, host);
  programPeriodic(timer, period);
  const { outcome, resumed, ended } = stopAndResume(vcpu, {
    leaveAt: programmed.ktime,
    pass: () => stayInUserspace(vcpu, back.ktime),
    followNs: 3_600_000_000_000n,
    goal: 'caught-up',
  });
  const behind = ended.ktime - ended.targetExpiration;
  console.log(`${policy}: ${outcome} ${formatNs(Number(ended.ktime - resumed.ktime))} after the resume
  expirations ${count(ended.expirations)}: ${count(ended.vmExits)} by HV exits, ${count(ended.callbacks)} in the hrtimer interrupt
  behind      ${behind > 0n ? formatNs(Number(behind)) : 'nothing'}
  backend     ${timer.hvTimerInUse ? 'HV timer' : 'software timer'}
`);
}

run('catch-up');
run('clamp');
