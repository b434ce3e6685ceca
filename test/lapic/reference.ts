// A second model, slow and plain: unbounded BigInt, one wrap where a C assignment would wrap, written from the rules
// and not from src/lapic. The three kernel policies only.
import type { Scenario, TimerState } from '../../src/lapic/replay.ts';

const M64 = 2n ** 64n;
const u64 = (x: bigint) => ((x % M64) + M64) % M64;
const s64 = (x: bigint) => (u64(x) >= M64 / 2n ? u64(x) - M64 : u64(x));

export function referenceScale(khz: number): { mult: bigint; shift: number } {
  let scaled = BigInt(khz) * 1000n;
  let tps = 1_000_000_000n;
  let shift = 0;
  for (; tps > 2n * scaled || tps >> 32n > 0n; shift--) tps /= 2n;
  for (; tps <= scaled || scaled >> 32n > 0n; shift++) {
    if (scaled >> 32n > 0n || tps >> 31n > 0n) scaled /= 2n;
    else tps *= 2n;
  }
  return { mult: (scaled << 32n) / tps, shift };
}

export function referenceCycles(khz: number, ns: bigint): bigint {
  const { mult, shift } = referenceScale(khz);
  const delta = shift < 0 ? u64(ns) >> BigInt(-shift) : u64(u64(ns) << BigInt(shift));
  return u64((delta * mult) >> 32n);
}

/** The states of a scenario under `independent`, `catch-up` or `clamp`. */
export function referenceReplay({ config: c, policy, steps }: Scenario): TimerState[] {
  const DIVIDE = [2, 4, 8, 16, 0, 0, 0, 0, 32, 64, 128, 1];
  let [mode, masked, tmict, divide] = [0, true, 0, 2];
  let [period, target, deadline, expires] = [0n, 0n, 0n, null as bigint | null];
  let hv: bigint | null = null;
  let [pending, irqs, warnings, wasHv] = [0, 0, 0, false];
  let [now, tsc] = [0n, 0n];
  const khz = c.guestTscKhz;
  const ratio = c.l1TscScalingRatio ?? 1n << 48n;
  const guest = () => u64(c.l1TscOffset + ((tsc * ratio) >> 48n));
  const [PERIODIC, DEADLINE] = [1, 2];
  let irr = false;
  const inject = () => {
    if (!masked && !irr) [irqs, irr] = [irqs + 1, c.apicv];
    if (mode === DEADLINE || mode === 0) deadline = 0n;
    if (mode === 0) target = 0n;
  };
  const expire = (fromTimerFn = false) => {
    if (pending === 1) return;
    if (c.apicv && !fromTimerFn) inject();
    else pending = 1;
  };
  const limit = () => {
    const min = BigInt(c.minTimerPeriodUs) * 1000n;
    if (mode === PERIODIC && period !== 0n && period < min) period = min;
  };
  const countNs = (count: number) => u64(BigInt(count) * BigInt(c.busCycleNs) * BigInt(divide));
  const cancel = () => {
    [expires, hv, pending] = [null, null, 0];
  };
  const advance = () => {
    target = s64(target + period);
    if (policy === 'clamp' && target < now) target = now;
    deadline =
      policy === 'independent'
        ? u64(deadline + referenceCycles(khz, period))
        : u64(guest() + referenceCycles(khz, target - now));
  };
  const startHv = (): boolean => {
    if (!c.hvTimer || deadline === 0n) return false;
    let delta = deadline > guest() ? deadline - guest() : 0n;
    const early = referenceCycles(khz, BigInt(c.timerAdvanceNs));
    delta = delta > early ? delta - early : 0n;
    if (ratio !== 1n << 48n) delta = (delta << 48n) / ratio;
    if (delta >= M64 || delta >> BigInt(32 + c.preemptionTimerShift) > 0n) return false;
    [hv, expires] = [u64(tsc + delta), null];
    if (mode === PERIODIC) return true;
    if (pending === 0 && delta !== 0n) return true;
    if (pending === 0) expire();
    hv = null;
    return true;
  };
  const startSw = () => {
    hv = null;
    if (mode !== PERIODIC && pending === 1) return;
    if (mode < DEADLINE) {
      if (period === 0n) return;
      if (now > target) {
        expire();
        if (mode !== PERIODIC) return;
        advance();
      }
      expires = target;
    } else if (mode === DEADLINE && deadline !== 0n) {
      const ns = u64(u64(deadline - guest()) * 1_000_000n) / BigInt(khz);
      if (deadline > guest() && ns > BigInt(c.timerAdvanceNs))
        expires = s64(now + ns - BigInt(c.timerAdvanceNs));
      else expire();
    }
  };
  const rearm = () => {
    if (mode !== PERIODIC && pending === 1) return;
    if (!startHv()) startSw();
  };
  const start = (restored: number | null) => {
    pending = 0;
    if (mode < DEADLINE) {
      period = s64(countNs(tmict));
      if (period === 0n) {
        deadline = 0n;
        return;
      }
      limit();
      let delay = period;
      if (restored !== null) {
        const left = s64(countNs(restored));
        delay = left > period ? period : left;
        if (left <= 0n) delay = mode === PERIODIC ? period : 0n;
      }
      deadline = u64(guest() + referenceCycles(khz, delay));
      target = s64(now + delay);
    }
    rearm();
  };
  const left = () => (s64(target - now) < 0n ? 0n : s64(target - now));
  const count = (): number => {
    if (mode === DEADLINE || tmict === 0 || period === 0n) return 0;
    return Number(BigInt.asUintN(32, (left() % u64(period)) / (BigInt(c.busCycleNs) * BigInt(divide))));
  };
  return steps.map((step) => {
    [now, tsc] = [step.ktime, step.tsc];
    let value: number | undefined;
    switch (step.do) {
      case 'lvtt': {
        masked = ((step.value >> 16) & 1) === 1;
        const next = (step.value >> 17) & (c.tscDeadlineTimer ? 3 : 1);
        if (next !== mode && (next === DEADLINE || mode === DEADLINE)) {
          cancel();
          [tmict, period, deadline] = [0, 0n, 0n];
        }
        if (next !== mode) {
          mode = next;
          limit();
        }
        break;
      }
      case 'tmict':
        if (mode === DEADLINE) break;
        cancel();
        tmict = step.value;
        start(null);
        break;
      case 'tdcr': {
        const old = divide;
        divide = DIVIDE[step.value & 0xb] ?? 0;
        if (divide === old || period === 0n) break;
        expires = null;
        period = s64(countNs(tmict));
        limit();
        const stretched = u64((left() * BigInt(divide)) / BigInt(old));
        deadline = u64(deadline + referenceCycles(khz, stretched) - referenceCycles(khz, left()));
        target = s64(now + stretched);
        rearm();
        break;
      }
      case 'tscdeadline':
        if (mode !== DEADLINE) break;
        expires = null;
        deadline = step.value;
        start(null);
        break;
      case 'tmcct':
        value = count();
        break;
      case 'hv-expire':
        if (hv === null) break;
        expire();
        hv = null;
        if (mode !== PERIODIC || period === 0n) break;
        advance();
        rearm();
        break;
      case 'hrtimer-expire': {
        if (expires === null) break;
        const old = expires;
        expires = null;
        expire(true);
        if (mode !== PERIODIC) break;
        if (period === 0n) {
          warnings = 1;
          break;
        }
        advance();
        expires = policy === 'clamp' ? target : s64(old + period);
        break;
      }
      case 'block':
        wasHv = hv !== null;
        if (wasHv) startSw();
        break;
      case 'unblock':
        if (wasHv) rearm();
        wasHv = false;
        break;
      case 'inject':
        if (pending === 1) inject();
        [pending, irr] = [0, false];
        break;
      case 'save-restore': {
        const saved = count();
        cancel();
        start(saved);
        break;
      }
    }
    return {
      ...(value === undefined ? {} : { value }),
      mode: (['one-shot', 'periodic', 'tsc-deadline', 'reserved'] as const)[mode] ?? 'reserved',
      divideCount: divide,
      period: String(period),
      targetExpiration: String(target),
      tscDeadline: String(deadline),
      pending,
      hvTimerInUse: hv !== null,
      hvDeadlineTsc: hv === null ? null : String(hv),
      hrtimerExpires: expires === null ? null : String(expires),
      irqs,
      warnings,
    };
  });
}
