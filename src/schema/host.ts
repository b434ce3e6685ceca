import { z } from 'zod';
import { CLOCK_NAMES, type ClockFacts } from '../host/clocks.ts';
import type { ClocksourceFacts } from '../host/clocksource.ts';
import type { CpuFacts } from '../host/cpu.ts';
import type { KvmFacts } from '../host/kvm.ts';
import type { NameComparison } from '../host/names.ts';
import type { OsFacts } from '../host/os.ts';
import type { HostSummary } from '../host/summary.ts';
import type { VirtualizationFacts } from '../host/virtualization.ts';
import { count } from './measured.ts';

/** A fact with where it comes from, or null with the reason. */
const fact = <T extends z.ZodType>(value: T) =>
  z.union([
    z.strictObject({ value, source: z.string() }),
    z.strictObject({ value: z.null(), reason: z.string() }),
  ]);

const text = fact(z.string());
const flag = fact(z.boolean());
const integer = fact(count);

/** The clocks that commands know by name. */
export const clockName = z.enum(CLOCK_NAMES);

const clock = z.strictObject({
  name: clockName,
  readable: z.boolean(),
  resolutionNs: z.number().nullable(),
  readNs: z.number().nullable(),
  syscallFallback: z.boolean().nullable(),
  independent: z.boolean().nullable(),
  reason: z.string().nullable(),
}) satisfies z.ZodType<ClockFacts>;

const names = z.array(
  z.strictObject({
    name: z.string(),
    systeminformation: text,
    direct: z.string().nullable(),
    same: z.boolean().nullable(),
  }) satisfies z.ZodType<NameComparison>,
);

/** `result` of `tscope host`. */
export const hostResultSchema = z.strictObject({
  cpu: z.strictObject({
    vendor: text,
    brand: text,
    family: integer,
    model: integer,
    stepping: integer,
  }) satisfies z.ZodType<CpuFacts>,
  tsc: z.strictObject({
    readable: flag,
    invariant: flag,
    rdtscp: flag,
    adjust: flag,
    deadlineTimer: flag,
    granularityTicks: integer,
    /** ns of CLOCK_MONOTONIC_RAW = (cycles * mult) >> shift. Absent in older documents. */
    kernelRatio: fact(z.strictObject({ mult: count, shift: count })).optional(),
  }),
  virtualization: z.strictObject({
    guest: flag,
    hypervisor: text,
    container: text,
  }) satisfies z.ZodType<VirtualizationFacts>,
  clocksource: z.strictObject({
    current: text,
    available: fact(z.array(z.string())),
    derivedFromTsc: flag,
  }) satisfies z.ZodType<ClocksourceFacts>,
  clocks: z.array(clock),
  kvm: z.strictObject({
    available: flag,
    preemptionTimer: flag,
    tscKhz: integer,
  }) satisfies z.ZodType<KvmFacts>,
  scheduling: z.strictObject({
    realtimeAllowed: flag,
    affinity: fact(z.array(count)),
    /** Absent in documents of tscope 0.1.0, as the next but one and the last. */
    affinityAllowed: flag.optional(),
    timerSlackNs: integer,
    timerSlackAllowed: flag.optional(),
    /** CPUs' worth of time that the cgroup's quota allows. */
    cpuQuota: fact(z.number()).optional(),
  }),
  os: z.strictObject({ name: text, kernel: text, node: text }) satisfies z.ZodType<OsFacts>,
  /** What the kernel itself said against the TSC since it booted, s after boot. Absent in older documents. */
  kernelRemarks: fact(z.array(z.strictObject({ atS: z.number(), text: z.string() }))).optional(),
  names: fact(names),
});
/** Everything about a host that decides what its clocks are worth, as a document has it. */
export type HostFacts = z.infer<typeof hostResultSchema>;

/** `host` of every document: which host it speaks of. A null has its reason in `unknown`, under its name. */
export const hostSummarySchema = z.strictObject({
  hostname: z.string(),
  cpu: z.string().nullable(),
  cpus: count,
  memoryBytes: count,
  kernel: z.string(),
  clocksource: z.string().nullable(),
  virtualization: z.string().nullable(),
  unknown: z.record(z.string(), z.string()),
}) satisfies z.ZodType<HostSummary>;
