import { hostname } from 'node:os';
import { clocksourceFacts } from '../host/clocksource.ts';
import { disciplineOf, kernelClock } from '../host/discipline.ts';
import { bootId, hostIdentity } from '../host/identity.ts';
import { tscRemarks } from '../host/kernel-log.ts';
import { hostSummary } from '../host/summary.ts';
import { tscFacts } from '../host/tsc.ts';
import type { AgentHealth } from '../schema/agent-api.ts';
import type { FleetCalibration, FleetFacts } from '../schema/fleet-batch.ts';
import type { Marks, ShippedParts } from '../store/unshipped.ts';
import { type HubAccess, machineDigest } from './config/hub.ts';
import type { Config } from './config/read-config.ts';
import { cachedFor } from './kept-answers.ts';
import type { Log } from './log.ts';
import type { SamplingMessage } from './sampling/messages.ts';
import type { StoreQueue } from './storing/store-queue.ts';

/** Facts are read again after this time; they change with an update or a hand on the machine, ms. */
const FACTS_MS = 300_000;
/** What a batch's texts may have, characters. */
const LONG = 512;
const SHORT = 256;
/** Claims that a batch has room for. */
const MOST_CLAIMS = 16;

const short = (text: string | null): string | null => text?.slice(0, SHORT) ?? null;

/** None where dmesg_restrict is set and this is not root, who alone may then read the kernel's log. */
const remarks = (): string[] => (tscRemarks().value ?? []).map(({ text }) => text.slice(0, LONG));

function readFacts(): FleetFacts {
  const { cpu, cpus, memoryBytes, kernel, clocksource, virtualization } = hostSummary();
  const adjtimex = kernelClock();
  return {
    cpu: short(cpu),
    cpus,
    memoryBytes,
    kernel: kernel.slice(0, SHORT),
    clocksource: short(clocksource),
    derivedFromTsc: clocksourceFacts().derivedFromTsc.value,
    tscInvariant: tscFacts().invariant.value,
    virtualization: short(virtualization),
    discipline: adjtimex === null ? null : disciplineOf(adjtimex),
    kernelRemarks: remarks(),
  };
}

/** A calibration as batches have it. */
export function fleetCalibration(
  { result, clocksource, derivedFromTsc }: Extract<SamplingMessage, { kind: 'calibrated' }>,
  atMs: number,
): FleetCalibration {
  const { clock, tscHz, tscHzLow, tscHzHigh, standardErrorRatio, independent, trueRate, claims, kernel } =
    result;
  return {
    atNs: String(BigInt(Math.round(atMs)) * 1_000_000n),
    clock,
    tscHz,
    tscHzLow,
    tscHzHigh,
    standardErrorRatio,
    independent,
    clocksource: short(clocksource),
    derivedFromTsc,
    kernelHz: kernel?.hz ?? null,
    trueRate:
      trueRate === null
        ? null
        : { hz: trueRate.hz, errorRatio: trueRate.errorRatio, reference: trueRate.reference.slice(0, SHORT) },
    claims: claims
      .slice(0, MOST_CLAIMS)
      .map(({ source, hz, offsetRatio }) => ({ source: source.slice(0, SHORT), hz, offsetRatio })),
  };
}

export const partsShipped = ({ settings }: Config): ShippedParts => ({
  hostKey: hostIdentity().key,
  samples: settings.ship === 'samples',
});

/** What whoever ships for an agent sees of it: its store, and what the host is. */
export type ShippingView = ReturnType<typeof shippingView>;

export function shippingView(config: Config, access: HubAccess, store: StoreQueue, log: Log) {
  const parts = partsShipped(config);
  return {
    access,
    hostname: hostname().slice(0, SHORT),
    /** A digest of the machine's id, and the kernel's boot id. */
    machine: machineDigest(),
    boot: bootId() ?? 'unknown',
    labels: config.settings.label,
    log,
    facts: cachedFor(FACTS_MS, readFacts),
    instance: () => store.ask('instance'),
    /** @param bytes about how much JSON it may come to. @throws TscopeError as the store. */
    unshipped: (bytes: number) => store.ask('unshipped', parts, bytes, BigInt(Date.now()) * 1_000_000n),
    /** Moves the watermarks. @throws TscopeError as the store. */
    shipped: (marks: Marks) => store.ask('shipped', marks),
  };
}

/** How shipping goes. */
export type ShippingHealth = NonNullable<AgentHealth['hub']>;

/** Something that ships. */
export interface Shipping {
  readonly health: ShippingHealth;
  /** Sends what is left, in at most `ms`. */
  end(ms: number): Promise<void>;
}

/** Starts shipping; it never throws. The fleet's room gives it, so that an agent without a hub loads nothing of it. */
export type StartShipping = (view: ShippingView) => Shipping;
