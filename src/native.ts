import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { isMainThread } from 'node:worker_threads';
import { systemCode, TscopeError } from './errors.ts';
import { fileError } from './system-error.ts';

/** The kernel's clock discipline, as `adjtimex(2)` reports it; see there for units and bits. */
export interface Adjtimex {
  /** TIME_OK 0, leap states 1 to 4, TIME_ERROR 5 (not synchronized). */
  state: number;
  /** STA_* bits; 0x40 is STA_UNSYNC. */
  status: number;
  /** Frequency correction in 2^-16 ppm. */
  freq: number;
  /** Microseconds for each tick of USER_HZ; 10000 means no correction. */
  tick: number;
  /** Time offset still to be slewed: us, or ns with STA_NANO (0x2000). */
  offset: number;
  maxErrorUs: number;
  estErrorUs: number;
  /** Time constant of the kernel's own loop, log2 of seconds. */
  constant: number;
}

/**
 * Every symbol of the addon. Wrong arguments throw TypeError or RangeError; a refused system call throws an
 * Error with `code` ("EPERM"), `errno` and `syscall`; where rdtsc is forbidden, reads throw with code
 * "TSC_FORBIDDEN".
 */
export interface Native {
  /** The hash of the sources the addon was built from. */
  readonly sourceHash: string;
  /** False where prctl(PR_SET_TSC) forbids rdtsc in this thread; throws where PR_GET_TSC itself is refused. */
  tscReadable(): boolean;
  /** [eax, ebx, ecx, edx]. Check the range of leaves first (leaf 0, 0x40000000, 0x80000000). */
  cpuid(leaf: number, subleaf: number): [number, number, number, number];

  /** out[0] = TSC, out[1] = CPU. */
  rdtscp(out: BigInt64Array): void;
  /**
   * Binds two words of shared memory once; each call of the result then reads CLOCK_MONOTONIC (ns) into
   * pair[0] and, after it, the TSC into pair[1]. The cheapest read of both clocks there is.
   */
  createPairReader(pair: BigInt64Array): () => void;
  /** The same for the TSC alone, into word[0]. */
  createTscReader(word: BigInt64Array): () => void;
  /**
   * Fills `out` with rows of four: TSC before, clock (ns), TSC after, CPU (-1: the thread moved in between); at most
   * 65,536 rows a call, so that a thread can be ended. `clockId` is a CLOCK_* number or a dynamic one (~fd << 3 | 3).
   */
  readBrackets(clockId: number, bySyscall: boolean, out: BigInt64Array): void;
  /** clock_getres in ns; throws EINVAL where the kernel has no such clock. */
  clockResolution(clockId: number): bigint;

  /**
   * The waits last at most 100 ms and answer whether the deadline was reached, so that a thread can be
   * cancelled: call again until true. On return out[0] = ktime, out[1] = TSC.
   */
  sleepUntil(ktime: bigint, out: BigInt64Array): boolean;
  spinUntilTsc(tsc: bigint, out: BigInt64Array): boolean;
  /** Sleeps until `spinNs` before `ktime`, then spins. */
  sleepThenSpin(ktime: bigint, spinNs: number, out: BigInt64Array): boolean;

  /** These act on the calling thread. */
  getAffinity(): number[];
  setAffinity(cpus: readonly number[]): void;
  /** SCHED_FIFO at 1 to 99; 0 returns to SCHED_OTHER. */
  setFifoPriority(priority: number): void;
  /** Does that on a short-lived thread of its own, so that nothing changes; throws where it is refused. */
  tryFifoPriority(priority: number): void;
  getTimerSlack(): number;
  /** Nanoseconds; 0 returns to the default. */
  setTimerSlack(ns: number): void;
  /** How long this thread runs before another's turn, 0.1 to 100 ms: a short one is let in sooner when it wakes. */
  setSlice(ns: number): void;
  /** Has the kernel kill this process, even while it is stopped, when the thread that started it ends. */
  dieWithParent(): void;
  /** Ends the process now, with its threads wherever they are: `process.exit` waits for one in a system call. */
  exitNow(code: number): never;

  /**
   * Fills `out` with rounds of three words, for at most 100 ms: this thread's TSC, the TSC of a thread that runs on
   * `cpu`, this thread's TSC; each read after the one before. Answers how many rounds were done.
   */
  exchangeTsc(cpu: number, out: BigInt64Array): number;

  /**
   * Fills `out` (at most 10,000 rows) with rows of two words: TSC cycles of 100 advances of a periodic timer in native
   * code under catch-up, and of 100 under clamp.
   */
  timeReferenceAdvances(out: BigInt64Array): void;

  readAdjtimex(): Adjtimex;
  /** [cap_user_time, time_mult, time_shift] of a perf event's first page. */
  readPerfTime(out: BigInt64Array): void;
  /** Copies words (at most 512) from this process's memory; throws EFAULT for a page that is not there. */
  peek(address: bigint, out: BigInt64Array): void;

  /** One datagram to a socket of AF_UNIX, for the service manager (sd_notify); `@` begins an abstract name. */
  notify(socket: string, text: string): void;
  /** Threads that start from now on share this many of glibc's arenas: less memory, more waiting for one another. */
  limitArenas(count: number): void;
}

/** Every symbol of the second addon, which runs a tiny guest under KVM. Errors as in `Native`. */
interface KvmNative {
  readonly sourceHash: string;
  /** The guest's TSC frequency that KVM gives a new vCPU (KVM_GET_TSC_KHZ). */
  tscKhz(): number;
  /** A new machine, paused: it halts, or spins, between the interrupts of its local APIC's periodic timer. */
  readonly Guest: new (
    spin: boolean,
  ) => NativeGuest;
  /** Starts the child processes on `cpu`. */
  readonly TimerBurst: new (
    cpu: number,
    timers: number,
  ) => NativeTimerBurst;
}

/** Many timers due at one instant on one CPU, owned by child processes that end with the thread that started them. */
export interface NativeTimerBurst {
  /** How many timers there are: fewer than asked for where the kernel allows no more. */
  timers(): number;
  /** Has `count` of them expire at `ktime`. Answers within 100 ms; false where they were not armed in time. */
  arm(ktime: bigint, count: number): boolean;
  /**
   * Waits at most 100 ms for the end of the stall that they make: call again until true. It then lasted from
   * out[0] to out[1], ktime, as a process saw it that did not run meanwhile.
   */
  watched(out: BigInt64Array): boolean;
  /** Ends the child processes; harmless a second time. */
  destroy(): void;
}

/** One guest. Its vCPU runs on a native thread of its own. `bracket` receives ktime before and after the call. */
export interface NativeGuest {
  /** The vCPU's thread, as the kernel numbers threads. */
  threadId(): number;
  /** Keeps the vCPU, and with it its timer, on one CPU. */
  pin(cpu: number): void;
  /**
   * The next resume starts the timer, on the vCPU's thread just before it enters the guest. `divide` is the divide
   * configuration register's value. The guest must be paused.
   */
  program(divide: number, initialCount: number): void;
  resume(): void;
  /** Waits at most 100 ms for the vCPU to leave the guest: call again until true. */
  pause(): boolean;
  /**
   * Moves what was recorded into rows of four words and answers how many rows: kind (0 an interrupt was
   * reported, 1 the guest is entered, 2 it was left as asked, 3 a signal from elsewhere made it leave, 4 and 5
   * before and after the local APIC was set), ktime (ns), host TSC, CPU time of the vCPU's thread (ns).
   */
  drain(rows: BigInt64Array): number;
  /** Records lost because nobody drained them in time. */
  dropped(): number;
  /** KVM_GET_LAPIC, kept for `restoreLapic`; answers TMCCT. The guest must be paused. */
  saveLapic(bracket: BigInt64Array): number;
  /** The next resume puts back what `saveLapic` kept (KVM_SET_LAPIC), as `program` does. */
  restoreLapic(): void;
  /** TMCCT by another KVM_GET_LAPIC. The guest must be paused. */
  currentCount(bracket: BigInt64Array): number;
  /** KVM's counters of this vCPU by name, whether it runs or not; null before Linux 5.14. */
  readStats(): Record<string, number> | null;
  /** Why the guest cannot go on: KVM_RUN's errno, or the KVM_EXIT_* it left with; null while it can. */
  death(): { errno: number; exitReason: number; detail: number } | null;
  /** Ends the thread and frees the machine; harmless a second time. */
  destroy(): void;
}

/** This module; a program bundled as CommonJS has its file's name instead. */
const here = typeof __filename === 'string' ? pathToFileURL(__filename).href : import.meta.url;
const require = createRequire(here);

/** The folder of the package, also for a program that this module was bundled into; to find it takes 2 ms. */
function packageRoot(): string {
  try {
    // Finds the package by its own name (its `exports`), and in the node_modules of a bundle.
    return dirname(require.resolve('tscope/package.json'));
  } catch {
    return fileURLToPath(new URL('..', here));
  }
}

const STILL_WORKS =
  '`tscope replay`, `stability`, `stop --simulate`, `report` and `compare` need no TSC and still work.';
const REBUILD = 'Run `npm run build:native`.';

/** An addon as built here, as shipped in the package, or as deployed beside a program that this was bundled into. */
const candidates = (root: string, name: string): string[] => {
  const shipped = `prebuilds/${process.platform}-${process.arch}/${name}.node`;
  return [
    join(root, `build/Release/${name}.node`),
    join(root, shipped),
    fileURLToPath(new URL(shipped, here)),
  ];
};

/** The hash of the sources in a checkout; null in a package, which has none to compare with. */
function hashOfSources(root: string): string | null {
  const script = join(root, 'scripts/native-hash.cjs');
  if (!existsSync(script)) return null;
  return (require(script) as { nativeHash(): string }).nativeHash();
}

/** e_machine of x86-64 in an ELF header. */
const EM_X86_64 = 62;

/** Why the dynamic linker would refuse the file itself, whatever it said; null where it is of this architecture. */
function flawOf(file: string): 'no addon' | 'another architecture' | null {
  const header = Buffer.alloc(20);
  const fd = openSync(file, 'r');
  try {
    readSync(fd, header);
  } finally {
    closeSync(fd);
  }
  if (header.readUInt32BE() !== 0x7f454c46) return 'no addon';
  return header[4] === 2 && header.readUInt16LE(18) === EM_X86_64 ? null : 'another architecture';
}

/** Turns what dlopen said into the error that says what to do. */
function loadError(error: unknown, file: string): TscopeError {
  // Node adds the modules that asked for it, a line each.
  const [message = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
  const failure = (
    code: 'ADDON_DISABLED' | 'ADDON_WRONG_ARCHITECTURE' | 'ADDON_BROKEN',
    text: string,
    hint: string,
  ) => new TscopeError(code, text, `${hint} ${STILL_WORKS}`, { cause: error });
  if (systemCode(error) === 'ERR_DLOPEN_DISABLED' || /--no-addons/.test(message)) {
    const hint = 'Run without --no-addons, and with --allow-addons where --permission is given.';
    return failure('ADDON_DISABLED', 'Native addons are disabled in this Node process.', hint);
  }
  let flaw: ReturnType<typeof flawOf>;
  try {
    flaw = flawOf(file);
  } catch (unreadable) {
    return fileError(`cannot read ${file}`, unreadable);
  }
  if (flaw === 'another architecture') {
    return failure('ADDON_WRONG_ARCHITECTURE', `${file} was built for another architecture.`, REBUILD);
  }
  if (flaw === 'no addon') return failure('ADDON_BROKEN', `${file} is damaged: it is not an addon.`, REBUILD);
  const library = /([^\s:/]+\.so[.\d]*): cannot open shared object file/.exec(message)?.[1];
  if (library !== undefined) {
    const text = `${file} needs ${library}, which is not installed here.`;
    return failure('ADDON_BROKEN', text, `Install the package that has ${library}. Or: ${REBUILD}`);
  }
  if (/version [`'"]?\w+_[\d.]+'? not found/.test(message)) {
    const text = `${file} was built for a newer C or C++ library than this host's: ${message}.`;
    return failure('ADDON_BROKEN', text, REBUILD);
  }
  if (/failed to map segment|noexec/.test(message)) {
    const text = `${file} could not be mapped: its file system is mounted noexec, or memory is short.`;
    return failure('ADDON_BROKEN', text, 'Install tscope on a file system that allows programs.');
  }
  return failure('ADDON_BROKEN', `${file} could not be loaded: ${message}.`, REBUILD);
}

/**
 * Loads the addon from `files`, the first that exists.
 *
 * @throws TscopeError ADDON_NOT_BUILT, ADDON_STALE, ADDON_DISABLED, ADDON_WRONG_ARCHITECTURE or ADDON_BROKEN.
 */
export function loadAddon<Addon extends { readonly sourceHash: string } = Native>(
  files: readonly string[],
  sourceHash: string | null,
): Addon {
  const file = files.find((candidate) => existsSync(candidate));
  if (file === undefined) {
    throw new TscopeError('ADDON_NOT_BUILT', 'The native addon is not built.', `${REBUILD} ${STILL_WORKS}`);
  }
  let addon: Addon;
  try {
    // A path without a folder would be looked for beside this module.
    addon = require(resolve(file)) as Addon;
  } catch (error) {
    throw loadError(error, file);
  }
  if (sourceHash !== null && addon.sourceHash !== sourceHash) {
    throw new TscopeError(
      'ADDON_STALE',
      'The native addon was built from other sources than these.',
      REBUILD,
    );
  }
  return addon;
}

/**
 * V8 finds a thread's stack by pthread_getattr_np, which asks for the affinity: where a filter refuses that, the first
 * collection of garbage on a worker thread ends the process with SIGSEGV.
 *
 * @throws TscopeError UNSUPPORTED on a worker thread, where it is refused.
 */
function checkAffinityCanBeRead(addon: Native): void {
  if (isMainThread) return;
  try {
    addon.getAffinity();
  } catch (error) {
    if (systemCode(error) === 'ENOSYS') return;
    const message = `sched_getaffinity is refused (${systemCode(error)}), and Node's worker threads crash without it.`;
    const hint = 'Allow it in the filter of system calls (seccomp, SystemCallFilter=).';
    throw new TscopeError('UNSUPPORTED', message, hint, { cause: error });
  }
}

/** Loads an addon by name, on the hosts that it is built for. */
function load<Addon extends { readonly sourceHash: string }>(name: string): Addon {
  if (process.platform !== 'linux') {
    throw new TscopeError(
      'NOT_LINUX',
      `tscope reads clocks on Linux only; this is ${process.platform}.`,
      STILL_WORKS,
    );
  }
  if (process.arch !== 'x64') {
    throw new TscopeError(
      'NOT_X86_64',
      `There is no TSC on ${process.arch}; tscope needs x86-64.`,
      STILL_WORKS,
    );
  }
  const root = packageRoot();
  return loadAddon<Addon>(candidates(root, name), hashOfSources(root));
}

let loaded: Native | null = null;
let loadedKvm: KvmNative | null = null;

/**
 * The addon, loaded at the first call.
 *
 * @throws TscopeError NOT_LINUX or NOT_X86_64 on other hosts, else as `loadAddon`.
 */
export function native(): Native {
  if (loaded === null) {
    loaded = load<Native>('tscope');
    checkAffinityCanBeRead(loaded);
  }
  return loaded;
}

/**
 * The addon that runs a guest, loaded at the first call. It needs no /dev/kvm until it is used.
 *
 * @throws TscopeError as `native`.
 */
export function kvmNative(): KvmNative {
  loadedKvm ??= load<KvmNative>('tscope_kvm');
  return loadedKvm;
}

/** Whether rdtsc would fault. Where the question is refused (seccomp), rdtsc is most likely not. */
function tscForbidden(addon: Native): boolean {
  try {
    return !addon.tscReadable();
  } catch {
    return false;
  }
}

/**
 * The addon, where this thread may also execute rdtsc.
 *
 * @throws TscopeError TSC_FORBIDDEN, else as `native`.
 */
export function nativeWithTsc(): Native {
  const addon = native();
  if (tscForbidden(addon)) {
    throw new TscopeError(
      'TSC_FORBIDDEN',
      'rdtsc is forbidden in this process (prctl PR_SET_TSC, PR_TSC_SIGSEGV).',
      `Start tscope from a process that may read the TSC. ${STILL_WORKS}`,
    );
  }
  return addon;
}
