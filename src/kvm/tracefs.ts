import {
  closeSync,
  constants,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  readSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { systemCode } from '../errors.ts';
import { fileText } from '../host/fact.ts';
import {
  type EventFormat,
  eventsOf,
  fieldValue,
  type PageLayout,
  parseFormat,
  parsePageLayout,
} from './trace-pages.ts';

/** Where the kernel's tracing is mounted, newer place first. */
const MOUNTS = ['/sys/kernel/tracing', '/sys/kernel/debug/tracing'];
/** The host's own space of process numbers (PID_NS_INIT_INO): the only one that the kernel's trace speaks of. */
const HOST_PID_SPACE = 'pid:[4026531836]';
/** An instance's name: the process, and its start, since a number may be given again. */
const NAME = /^tscope-(\d+)-(\d+)-\d+$/;
/** Room for more than a run's events, on the one CPU that has any. */
const BUFFER_KB = 4096;
/** All CPUs together have this where any of them may run the guest, and each has this at least. */
const ALL_BUFFERS_KB = 16_384;
const LEAST_BUFFER_KB = 64;
/** The kernel's least, for CPUs that are not looked at. */
const OTHER_BUFFER_KB = 8;
/** More than twice a full buffer, in pages of 4 KiB, is not read of one CPU. */
const MOST_PAGES = BUFFER_KB / 2;

/** One event that was recorded: its name, its time (TSC) and the fields that were asked for. */
export interface TracedEvent {
  readonly name: string;
  readonly time: bigint;
  readonly fields: Readonly<Record<string, bigint>>;
}

/** Why the kernel's trace is not there, in words that end a sentence. */
export class TraceObstacle extends Error {}

/** What `work` answers, or the obstacle that it met. */
export function orObstacle<T>(work: () => T): T | TraceObstacle {
  try {
    return work();
  } catch (error) {
    if (error instanceof TraceObstacle) return error;
    throw error;
  }
}

/** When a process started, in the kernel's ticks; null where there is none. */
function startOf(pid: number | 'self'): string | null {
  const stat = fileText(`/proc/${pid}/stat`);
  // Fields after the command, which may hold anything; the start is field 22.
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
}

/** Whose process numbers these are; null where the kernel has no namespaces of them: the host's, then. */
function pidSpace(): string | null {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return null;
  }
}

/** An instance whose process is gone. */
function isLeftBehind(name: string): boolean {
  const [, pid, start] = NAME.exec(name) ?? [];
  return pid !== undefined && startOf(Number(pid)) !== start;
}

/** What a refused step means. */
function obstacleOf(error: unknown, what: string): TraceObstacle {
  if (error instanceof TraceObstacle) return error;
  const code = systemCode(error);
  if (code === null) throw error;
  const lockdown = fileText('/sys/kernel/security/lockdown') ?? '';
  if (/\[(integrity|confidentiality)\]/.test(lockdown) && (code === 'EPERM' || code === 'EACCES'))
    return new TraceObstacle(`the kernel is locked down (${lockdown}) and refuses to be traced`);
  if (code === 'EROFS') return new TraceObstacle('tracefs is mounted read-only');
  if (code === 'EACCES' || code === 'EPERM')
    return new TraceObstacle(`this user may not use tracefs (${code}); root may`);
  return new TraceObstacle(`${what} failed with ${code}`);
}

/** Does one step of the trace. @throws TraceObstacle where the system refused it. */
function step<T>(what: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw obstacleOf(error, what);
  }
}

/**
 * The mount point of tracefs, without what runs that were killed have left there.
 *
 * @param space whose process numbers this process has.
 * @throws TraceObstacle where there is none that is of use to this process.
 */
export function findTracefs(mounts: readonly string[] = MOUNTS, space = pidSpace()): string {
  if ((space ?? HOST_PID_SPACE) !== HOST_PID_SPACE)
    throw new TraceObstacle(
      "in a PID namespace of its own this process does not know its threads by the numbers of the kernel's trace",
    );
  let refused: TraceObstacle | null = null;
  for (const mount of mounts) {
    try {
      if (!readdirSync(mount).includes('instances')) continue;
      removeLeftBehind(join(mount, 'instances'));
      return mount;
    } catch (error) {
      if (systemCode(error) !== 'ENOENT') refused = obstacleOf(error, `opening ${mount}`);
    }
  }
  throw refused ?? new TraceObstacle(`no tracefs is mounted at ${mounts.join(' or ')}`);
}

function removeLeftBehind(instances: string): void {
  for (const name of readdirSync(instances).filter(isLeftBehind)) {
    try {
      rmdirSync(join(instances, name));
    } catch {
      // Another run removes it, or somebody reads it.
    }
  }
}

let made = 0;

/** An event that is recorded: how its records look, and which of their fields are wanted. */
interface Recorded {
  readonly name: string;
  readonly format: EventFormat;
  readonly fields: readonly string[];
}

/** tracefs fills a folder that is made in it, and removes one that is full. */
export interface Folders {
  mkdirSync(path: string): void;
  rmdirSync(path: string): void;
}

/** A private buffer of the kernel's trace, stamped with the TSC. The host's own settings are left alone. */
export class TraceInstance {
  readonly #folder: string;
  readonly #cpus: readonly number[];
  readonly #layout: PageLayout;
  readonly #recorded = new Map<number, Recorded>();

  readonly #folders: Folders;

  /** @param cpu the only one that is looked at; null: all of them. @throws TraceObstacle. */
  constructor(mount: string, cpu: number | null, folders: Folders = { mkdirSync, rmdirSync }) {
    this.#folders = folders;
    const name = `tscope-${process.pid}-${startOf('self')}-${made++}`;
    this.#folder = join(mount, 'instances', name);
    step('making an instance of the trace', () => folders.mkdirSync(this.#folder));
    try {
      this.#cpus = cpu === null ? this.#allCpus() : [cpu];
      this.#write('trace_clock', 'x86-tsc');
      if (cpu === null) {
        const each = Math.floor(ALL_BUFFERS_KB / this.#cpus.length);
        this.#write('buffer_size_kb', `${Math.min(BUFFER_KB, Math.max(LEAST_BUFFER_KB, each))}`);
      } else {
        this.#write('buffer_size_kb', `${OTHER_BUFFER_KB}`);
        this.#write(`per_cpu/cpu${cpu}/buffer_size_kb`, `${BUFFER_KB}`);
      }
      const layout = parsePageLayout(this.#read('events/header_page'));
      if (layout === null) throw new TraceObstacle('events/header_page is not as expected');
      this.#layout = layout;
    } catch (error) {
      this.remove();
      throw obstacleOf(error, 'setting up the trace');
    }
  }

  #write(file: string, text: string): void {
    writeFileSync(join(this.#folder, file), text);
  }

  #read(file: string): string {
    return readFileSync(join(this.#folder, file), 'utf8');
  }

  #allCpus(): number[] {
    return readdirSync(join(this.#folder, 'per_cpu')).map((name) => Number(name.replace('cpu', '')));
  }

  /**
   * Records an event, with some of its fields, where `filter` holds, from now on; called again it changes the filter.
   *
   * @throws TraceObstacle where this kernel has no such event or field, or does not take the filter.
   */
  record(name: string, fields: readonly string[], filter: string): void {
    try {
      const format = parseFormat(this.#read(`events/${name}/format`), ['common_type', ...fields]);
      if (format === null) throw new TraceObstacle(`${name} has not the fields ${fields.join(', ')}`);
      this.#recorded.set(format.id, { name, format, fields });
      this.#write(`events/${name}/filter`, filter);
      this.#write(`events/${name}/enable`, '1');
    } catch (error) {
      if (systemCode(error) === 'ENOENT') throw new TraceObstacle(`this kernel has no event ${name}`);
      throw obstacleOf(error, `tracing ${name}`);
    }
  }

  /** Goes on recording, or leaves off: a host too busy to read as fast as events come would never be done. @throws TraceObstacle. */
  recording(on: boolean): void {
    step('turning the trace on or off', () => this.#write('tracing_on', on ? '1' : '0'));
  }

  /** Takes out what was recorded, in the order of time. @throws TraceObstacle. */
  take(): TracedEvent[] {
    const all = this.#cpus.flatMap((cpu) => this.#takeOf(cpu));
    return this.#cpus.length === 1
      ? all
      : all.sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
  }

  #takeOf(cpu: number): TracedEvent[] {
    const { offset, size } = this.#layout.data;
    // The first field of every event's record, whichever it is.
    const type = [...this.#recorded.values()][0]?.format.fields.get('common_type');
    if (type === undefined) return [];
    const events: TracedEvent[] = [];
    const take = (page: DataView) => {
      for (const { time, record } of eventsOf(page, this.#layout)) {
        const known = this.#recorded.get(Number(fieldValue(record, type)));
        if (known !== undefined) events.push(eventOf(known, time, record));
      }
    };
    step('reading the trace', () => {
      const pipe = join(this.#folder, `per_cpu/cpu${cpu}/trace_pipe_raw`);
      const fd = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
      try {
        for (let pages = 0; pages < MOST_PAGES; pages++) {
          const page = new Uint8Array(offset + size);
          const length = readSync(fd, page, 0, page.length, null);
          if (length <= 0) break;
          take(new DataView(page.buffer, 0, length));
        }
      } catch (error) {
        if (systemCode(error) !== 'EAGAIN') throw error;
      } finally {
        closeSync(fd);
      }
    });
    return events;
  }

  /** Events that found no room so far. @throws TraceObstacle. */
  lost(): number {
    return step("reading the trace's losses", () =>
      this.#cpus.reduce((sum, cpu) => sum + lostIn(this.#read(`per_cpu/cpu${cpu}/stats`)), 0),
    );
  }

  /** Removes it; harmless a second time. */
  remove(): void {
    try {
      this.#folders.rmdirSync(this.#folder);
    } catch {
      // The next run finds it.
    }
  }
}

const eventOf = ({ name, format, fields }: Recorded, time: bigint, record: DataView): TracedEvent => ({
  name,
  time,
  fields: Object.fromEntries(
    fields.map((name) => {
      const field = format.fields.get(name);
      return [name, field === undefined ? 0n : fieldValue(record, field)];
    }),
  ),
});

/** Events that found no room, of a CPU's `stats` file. */
export const lostIn = (stats: string): number =>
  [...stats.matchAll(/^(?:overrun|commit overrun|dropped events): (\d+)$/gm)].reduce(
    (sum, [, count]) => sum + Number(count),
    0,
  );
