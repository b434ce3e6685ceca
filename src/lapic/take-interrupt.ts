import { ktimeOf } from '../clock/time-source.ts';
import { injectApicTimerIrqs } from './expiring.ts';
import { interruptWaits, type Vcpu } from './vcpu.ts';

/** Gives the guest the interrupt that waits, if one does and the last one has seen its EOI. */
export function takeInterrupt(vcpu: Vcpu): void {
  const { timer } = vcpu;
  if (!interruptWaits(vcpu) || ktimeOf(vcpu.host) < vcpu.eoiAt) return;
  const before = timer.irqs;
  if (timer.irr) timer.irr = false;
  else injectApicTimerIrqs(timer);
  if (timer.delivery === 'coalesced' && timer.irqs === before) return;
  vcpu.eoiAt = ktimeOf(vcpu.host) + vcpu.handlingNs;
  vcpu.host.interruptTaken();
}
