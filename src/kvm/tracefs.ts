import {
  closeSync,
  constants,
  existsSync,
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
import {
  type EventFormat,
  eventsOf,
  type PageLayout,
  parseFormat,
  parsePageLayout,
  type RawEvent,
} from './trace-pages.ts';

/** Where the kernel's tracing is mounted, newer place first. */
const MOUNTS = ['/sys/kernel/tracing', '/sys/kernel/debug/tracing'];
/** An instance's name: the process, its start (a number may be given again), and whose numbers these are. */
const NAME = /^tscope-(\d+)-(\d+)-(\d+)-\d+$/;
/** Room for more than a run's events, on the one CPU that has any; the least on the others. */
const BUFFER_KB = 4096;
const OTHER_BUFFER_KB = 8;
/** More than this is not read. */
const MOST_PAGES = (4 * BUFFER_KB) / 4;

/** Why the kernel's trace is not there, in words that end a sentence. */
export class TraceObstacle extends Error {}

/** When a process started, in the kernel's ticks; null where there is none. */
function startOf(pid: number | 'self'): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // Fields after the command, which may hold anything; the start is field 22.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch {
    return null;
  }
}

/** The number of this process's space of process numbers. */
const pidSpace = (): string => /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? '0';

/** An instance whose process is gone; one of another space of process numbers is never taken for that. */
function isLeftBehind(name: string, space: string): boolean {
  const [, pid, start, itsSpace] = NAME.exec(name) ?? [];
  return pid !== undefined && itsSpace === space && startOf(Number(pid)) !== start;
}

/** What a refused step means. */
function obstacleOf(error: unknown, what: string): TraceObstacle {
  if (error instanceof TraceObstacle) return error;
  const code = systemCode(error);
  if (code === null) throw error;
  const lockdown = existsSync('/sys/kernel/security/lockdown')
    ? readFileSync('/sys/kernel/security/lockdown', 'utf8')
    : '';
  if (/\[(integrity|confidentiality)\]/.test(lockdown) && (code === 'EPERM' || code === 'EACCES'))
    return new TraceObstacle(`the kernel is locked down (${lockdown.trim()}) and refuses to be traced`);
  if (code === 'EROFS') return new TraceObstacle('tracefs is mounted read-only');
  if (code === 'EACCES' || code === 'EPERM')
    return new TraceObstacle(`this user may not use tracefs (${code}); root may`);
  return new TraceObstacle(`${what} failed with ${code}`);
}

/** The mount point of tracefs. @throws TraceObstacle where there is none that this user may look into. */
export function findTracefs(mounts: readonly string[] = MOUNTS): string {
  let refused: TraceObstacle | null = null;
  for (const mount of mounts) {
    try {
      if (readdirSync(mount).includes('instances')) return mount;
    } catch (error) {
      if (systemCode(error) !== 'ENOENT') refused = obstacleOf(error, `opening ${mount}`);
    }
  }
  throw refused ?? new TraceObstacle(`no tracefs is mounted at ${mounts.join(' or ')}`);
}

/** Removes what runs that were killed have left. */
export function removeLeftBehind(mount: string): void {
  const space = pidSpace();
  for (const name of readdirSync(join(mount, 'instances')).filter((name) => isLeftBehind(name, space))) {
    try {
      rmdirSync(join(mount, 'instances', name));
    } catch {
      // Another run removes it, or somebody reads it.
    }
  }
}

let made = 0;

/** A private buffer of the kernel's trace, stamped with the TSC. The host's own settings are left alone. */
export class TraceInstance {
  readonly #folder: string;
  readonly #cpu: number;
  readonly #layout: PageLayout;
  readonly #formats = new Map<string, EventFormat>();

  /** @throws TraceObstacle. */
  constructor(mount: string, cpu: number) {
    const name = `tscope-${process.pid}-${startOf('self')}-${pidSpace()}-${made++}`;
    this.#folder = join(mount, 'instances', name);
    this.#cpu = cpu;
    try {
      mkdirSync(this.#folder);
    } catch (error) {
      throw obstacleOf(error, 'making an instance of the trace');
    }
    try {
      this.#write('trace_clock', 'x86-tsc');
      this.#write('buffer_size_kb', `${OTHER_BUFFER_KB}`);
      this.#write(`per_cpu/cpu${cpu}/buffer_size_kb`, `${BUFFER_KB}`);
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

  /** How an event's record looks. @throws TraceObstacle where this kernel has no such event or field. */
  format(event: string, fields: readonly string[]): EventFormat {
    const known = this.#formats.get(event);
    if (known !== undefined) return known;
    let text: string;
    try {
      text = this.#read(`events/${event}/format`);
    } catch (error) {
      throw obstacleOf(error, `reading the format of ${event}`);
    }
    const format = parseFormat(text, ['common_type', ...fields]);
    if (format === null) throw new TraceObstacle(`${event} has not the fields ${fields.join(', ')}`);
    this.#formats.set(event, format);
    return format;
  }

  /** Records an event where `filter` holds, from now on. @throws TraceObstacle. */
  enable(event: string, filter: string): void {
    try {
      this.#write(`events/${event}/filter`, filter);
      this.#write(`events/${event}/enable`, '1');
    } catch (error) {
      throw obstacleOf(error, `tracing ${event}`);
    }
  }

  /** Takes out what was recorded on the CPU; the ids are the formats'. @throws TraceObstacle. */
  take(): RawEvent[] {
    const { offset, size } = this.#layout.data;
    const common = [...this.#formats.values()][0]?.fields.get('common_type');
    const idOf = (record: DataView) => record.getUint16(common?.offset ?? 0, true);
    const events: RawEvent[] = [];
    const file = join(this.#folder, `per_cpu/cpu${this.#cpu}/trace_pipe_raw`);
    try {
      const fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
      try {
        for (let pages = 0; pages < MOST_PAGES; pages++) {
          const page = new Uint8Array(offset + size);
          const length = readSync(fd, page, 0, page.length, null);
          if (length <= 0) break;
          events.push(...eventsOf(new DataView(page.buffer, 0, length), this.#layout, idOf));
        }
      } catch (error) {
        if (systemCode(error) !== 'EAGAIN') throw error;
      } finally {
        closeSync(fd);
      }
    } catch (error) {
      throw obstacleOf(error, 'reading the trace');
    }
    return events;
  }

  /** Events that found no room. */
  lost(): number {
    const stats = this.#read(`per_cpu/cpu${this.#cpu}/stats`);
    return [...stats.matchAll(/^(?:overrun|commit overrun|dropped events): (\d+)$/gm)].reduce(
      (sum, [, count]) => sum + Number(count),
      0,
    );
  }

  /** Removes it; harmless a second time. */
  remove(): void {
    try {
      rmdirSync(this.#folder);
    } catch {
      // The next run finds it.
    }
  }
}
