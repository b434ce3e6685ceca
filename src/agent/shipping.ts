import type { AgentHealth } from '../schema/agent-api.ts';
import type { FleetFacts } from '../schema/fleet-batch.ts';
import type { Marks, RowCounts, Unshipped } from '../store/unshipped.ts';
import type { HubAccess } from './config/hub.ts';
import type { Log } from './log.ts';

/** What is sent next, and what there is besides. */
export interface NextBatch {
  readonly unshipped: Unshipped;
  readonly waiting: RowCounts;
  /** What retention took before it was sent. */
  readonly lost: RowCounts;
}

/** What an agent lends to whoever ships for it. */
export interface ShippingView {
  readonly access: HubAccess;
  readonly hostname: string;
  /** A digest of the machine's id, and the kernel's boot id. */
  readonly machine: string;
  readonly boot: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly log: Log;
  /** Between two messages, ms; a minute if left out. */
  readonly everyMs?: number;
  facts(): FleetFacts;
  instance(): Promise<{ readonly instance: string; readonly lost: RowCounts }>;
  /** @param bytes about how much JSON it may come to. @throws TscopeError as the store. */
  unshipped(bytes: number): Promise<NextBatch>;
  /** Moves the watermarks. @throws TscopeError as the store. */
  shipped(marks: Marks): Promise<void>;
}

/** How shipping goes. */
export type ShippingHealth = NonNullable<AgentHealth['hub']>;

/** Something that ships. */
export interface Shipping {
  readonly health: ShippingHealth;
  /** Sends what is left, in at most `ms`. */
  stop(ms: number): Promise<void>;
}

/** Starts shipping; it never throws. The fleet's room gives it, so that an agent without a hub loads nothing of it. */
export type StartShipping = (view: ShippingView) => Shipping;
