import { injectApicTimerIrqs } from './expiring.ts';
import { interruptWaits, type Vcpu } from './vcpu.ts';

/** Gives the guest the interrupt that waits, if one does and the last one has seen its EOI. */
export function takeInterrupt(vcpu: Vcpu, now: bigint): void {
  const { timer } = vcpu;
  if (!interruptWaits(vcpu) || now < vcpu.eoiAt) return;
  const before = timer.irqs;
  if (timer.irr) timer.irr = false;
  else injectApicTimerIrqs(timer);
  if (timer.delivery === 'coalesced' && timer.irqs === before) return;
  vcpu.eoiAt = now + vcpu.handlingNs;
  vcpu.host.interruptTaken();
}
