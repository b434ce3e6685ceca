/**
 * KVM's local-APIC timer, with the kernel's states, arithmetic and names, on any clock; src/lapic/README.md shows how a
 * guest, a stop and the return from it are put together.
 *
 * @module
 */
export { ScriptedClock } from '../clock/scripted.ts';
export * from '../clock/time-source.ts';
export { VirtualClock } from '../clock/virtual.ts';
export { WarpedClock } from '../clock/warped.ts';
export * from '../lapic/around-stop.ts';
export * from '../lapic/catch-up.ts';
export * from '../lapic/config.ts';
export * from '../lapic/kvm-timer.ts';
export * from '../lapic/lapic-timer.ts';
export * from '../lapic/policies.ts';
export * from '../lapic/registers.ts';
export * from '../lapic/replay.ts';
export * from '../lapic/scene.ts';
export * from '../lapic/time-scale.ts';
export * from '../lapic/vcpu.ts';
export * from '../lapic/virtual-host.ts';
