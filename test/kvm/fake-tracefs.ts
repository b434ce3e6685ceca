import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Folders } from '../../src/kvm/tracefs.ts';

/** `events/timer/hrtimer_start/format`, as the kernel writes it. */
export const FORMAT = `name: hrtimer_start
ID: 460
format:
\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;
\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;

\tfield:void * hrtimer;\toffset:8;\tsize:8;\tsigned:0;
\tfield:s64 expires;\toffset:16;\tsize:8;\tsigned:1;

print fmt: "hrtimer=%p", REC->hrtimer
`;

/** `events/header_page`. */
export const HEADER = `\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;
\tfield: local_t commit;\toffset:8;\tsize:8;\tsigned:1;
\tfield: int overwrite;\toffset:8;\tsize:1;\tsigned:1;
\tfield: char data;\toffset:16;\tsize:4080;\tsigned:0;
`;

/** A page of the ring buffer with records of `hrtimer_start`, each this much later than the one before. */
export function pageOf(
  start: bigint,
  ...events: (readonly [delta: number, hrtimer: bigint, expires: bigint])[]
) {
  const page = new DataView(new ArrayBuffer(4096));
  page.setBigUint64(0, start, true);
  page.setBigUint64(8, BigInt(events.length * 28), true);
  events.forEach(([delta, hrtimer, expires], i) => {
    const at = 16 + i * 28;
    page.setUint32(at, (delta << 5) | 6, true);
    page.setUint16(at + 4, 460, true);
    page.setBigUint64(at + 12, hrtimer, true);
    page.setBigInt64(at + 20, expires, true);
  });
  return new Uint8Array(page.buffer);
}

/** A mount of tracefs with this many CPUs, as files; `files` are those of an instance that are not as usual. */
export function fakeTracefs(cpus: number, files: Readonly<Record<string, string>> = {}) {
  const mount = mkdtempSync(join(tmpdir(), 'tscope-tracefs-'));
  mkdirSync(join(mount, 'instances'));
  const made: string[] = [];
  const write = (file: string, text: string | Uint8Array) => {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  };
  const folders: Folders = {
    mkdirSync: (path) => {
      made.push(path);
      for (let cpu = 0; cpu < cpus; cpu++) {
        write(join(path, `per_cpu/cpu${cpu}/trace_pipe_raw`), '');
        write(join(path, `per_cpu/cpu${cpu}/stats`), `entries: 9\noverrun: ${cpu + 1}\n`);
      }
      const events = { 'events/header_page': HEADER, 'events/timer/hrtimer_start/format': FORMAT, ...files };
      for (const [file, text] of Object.entries(events)) write(join(path, file), text);
    },
    rmdirSync: (path) => rmSync(path, { recursive: true }),
  };
  const instance = () => made.at(-1) ?? '';
  return {
    mount,
    folders,
    /** A file of the instance made last; null where it was not written. */
    read: (file: string): string | null =>
      existsSync(join(instance(), file)) ? readFileSync(join(instance(), file), 'utf8') : null,
    write: (file: string, text: string | Uint8Array) => write(join(instance(), file), text),
    instance,
    remove: () => rmSync(mount, { recursive: true }),
  };
}
