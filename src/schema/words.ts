// Words of the documents, without zod: an agent, which needs some while it runs, has 5 MB more for it.

/** The value of a document's `schema` field. */
export const schemaId = (kind: string): string => `tscope/${kind}/1`;

/** What drift detects; each kind within two samples. */
export const EVENT_KINDS = [
  /** A clock was set: it jumped against the reference and went on at its old rate. */
  'step',
  /** The host slept: CLOCK_BOOTTIME moved ahead of CLOCK_MONOTONIC. */
  'suspend',
  /** The kernel changed the counter that its clocks are made from. */
  'clocksource-change',
  /** The sampling thread moved to another CPU. */
  'cpu-migration',
  /** A clock's rate against the reference changed (a VM migration, a new NTP correction). */
  'frequency-step',
  /** The hypervisor ran something else on this CPU. */
  'steal',
  /** The CPU was slowed down by its temperature. */
  'throttling',
] as const;
export type EventKind = (typeof EVENT_KINDS)[number];

/** The largest message that an agent sends and a collector reads, bytes. */
export const MOST_BATCH_BYTES = 256 * 1024;

/**
 * The name that a host publishes as, one word of a NATS subject: no dot, no wildcard, no space.
 * The server allows a host this word only.
 */
export const HOST_WORD = /^[A-Za-z0-9_-]{1,64}$/;

/** The name to ask for a host by: the word that it publishes as, and which of several hosts of that word it is. */
export const nameOf = ({ host, twin }: { readonly host: string; readonly twin: number }): string =>
  twin === 1 ? host : `${host}#${twin}`;

/** More labels than this are a mistake. */
export const MOST_LABELS = 16;
