import { systemCode, TscopeError } from './errors.ts';

interface Meaning {
  /** What happened, in a few words. */
  readonly words: string;
  /** What the reader can do about it. */
  readonly hint?: string;
}

/** What the codes of the kernel and of Node mean: the one place that decides it. */
const MEANINGS: Readonly<Record<string, Meaning>> = {
  EACCES: { words: 'access denied', hint: 'Run as a user who has that right, or grant it.' },
  EAGAIN: {
    words: 'not at present',
    hint: 'A limit of processes and threads may be reached (ulimit -u, pids.max of the cgroup).',
  },
  EADDRNOTAVAIL: { words: 'this host has no such address' },
  EBUSY: { words: 'in use' },
  ECONNREFUSED: { words: 'nobody listens there' },
  EDQUOT: { words: 'the disk quota is used up', hint: 'Free some space, or write elsewhere.' },
  EEXIST: { words: 'it exists already' },
  EFBIG: { words: 'the file grows larger than is allowed', hint: 'Raise the limit: ulimit -f.' },
  EHOSTUNREACH: { words: 'the host is not reachable' },
  EINVAL: { words: 'the kernel does not accept it' },
  EIO: { words: 'an input or output error of the device' },
  EISDIR: { words: 'it is a folder' },
  ELOOP: { words: 'too many symbolic links' },
  EMFILE: { words: 'too many open files', hint: 'Raise the limit of open files: ulimit -n 1024.' },
  ENAMETOOLONG: { words: 'the name is too long' },
  ENETUNREACH: { words: 'the network is not reachable' },
  ENFILE: { words: 'too many open files in the whole system' },
  ENODEV: { words: 'no such device' },
  ENOENT: { words: 'no such file or folder' },
  ENOMEM: { words: 'not enough memory' },
  ENOSPC: { words: 'no space is left on the device', hint: 'Free some space, or write elsewhere.' },
  ENOSYS: { words: 'this kernel does not have it' },
  ENOTDIR: { words: 'a part of the path is not a folder' },
  ENOTSUP: { words: 'not supported' },
  ENXIO: { words: 'no such device, or nobody reads it' },
  EOPNOTSUPP: { words: 'not supported' },
  EPERM: {
    words: 'not permitted',
    hint: 'It takes a privilege, or a filter of system calls forbids it (container, seccomp, SystemCallFilter=).',
  },
  EROFS: {
    words: 'the file system is read-only',
    hint: 'Write to another place; temporary files go where TMPDIR says.',
  },
  ETXTBSY: { words: 'the program is being executed' },
  ERR_WORKER_INIT_FAILED: {
    words: 'the thread could not start',
    hint: 'Raise the limits of open files and memory (ulimit -n, ulimit -v).',
  },
  ERR_WORKER_OUT_OF_MEMORY: { words: 'the thread reached its limit of memory' },
};

/** The flags of Node's permission model, by the name of the permission that was missing. */
const PERMISSION_FLAGS: Readonly<Record<string, string>> = {
  FileSystemRead: '--allow-fs-read',
  FileSystemWrite: '--allow-fs-write',
  WorkerThreads: '--allow-worker',
  ChildProcess: '--allow-child-process',
};

/** System calls and functions of Node that act on a file: their refusal is about a name that somebody gave. */
const FILE_CALLS =
  /^(open|read|write|f?stat|lstat|access|mkdir|mkdtemp|rename|unlink|scandir|copyfile|f?chmod|f?sync|readlink|realpath)/;

/** The verbs of the others are their names. */
const VERBS: Readonly<Record<string, string>> = {
  mkdir: 'make',
  mkdtemp: 'make',
  scandir: 'list',
  unlink: 'remove',
};

/** Limits of the process or the host: no file is to blame. */
const LIMITS = ['EMFILE', 'ENFILE', 'ENOMEM'];

/** What went wrong in a few words without a full stop: `no such file or folder (ENOENT)`. */
export function reasonOf(error: unknown): string {
  const code = systemCode(error);
  if (code === null) return (error instanceof Error ? error.message : String(error)).replace(/\.$/, '');
  const words = code === 'ERR_ACCESS_DENIED' ? "Node's permission model forbids it" : MEANINGS[code]?.words;
  return words === undefined ? code : `${words} (${code})`;
}

/** What can be done about a refusal; null where there is nothing to say. */
export function remedyOf(error: unknown): string | null {
  const code = systemCode(error);
  if (code !== 'ERR_ACCESS_DENIED') return MEANINGS[code ?? '']?.hint ?? null;
  const { permission } = error as { permission?: string };
  const flag = PERMISSION_FLAGS[permission ?? ''] ?? '--allow-fs-read, --allow-worker and what else it names';
  return `Run Node without --permission, or with ${flag}.`;
}

/** Does what the system may refuse. @returns its refusal, or null. */
export function refused(action: () => void): unknown {
  try {
    action();
    return null;
  } catch (error) {
    if (systemCode(error) === null) throw error;
    return error;
  }
}

/**
 * A file that could not be used.
 *
 * @param what as in "cannot read x.json": the verb and the name.
 */
export const fileError = (what: string, error: unknown): TscopeError =>
  new TscopeError('IO', `${what}: ${reasonOf(error)}.`, remedyOf(error), { cause: error });

/**
 * A refusal by the system in the form of ours: IO where it is about a file, else UNSUPPORTED. Never a defect.
 *
 * @returns null for an error that is not the system's.
 */
export function refusalOf(error: unknown): TscopeError | null {
  if (error instanceof TscopeError) return error;
  const code = systemCode(error);
  if (code === null) return null;
  const { syscall, path } = error as NodeJS.ErrnoException;
  const known = Object.hasOwn(MEANINGS, code) || syscall !== undefined || code === 'ERR_ACCESS_DENIED';
  if (!known) return null;
  if (syscall === 'uv_cwd' && code === 'ENOENT') {
    const hint = 'Change to a folder that exists, and try again.';
    return new TscopeError('IO', 'The working folder is gone.', hint, { cause: error });
  }
  if (path !== undefined && FILE_CALLS.test(syscall ?? 'open') && !LIMITS.includes(code)) {
    return fileError(`cannot ${VERBS[syscall ?? ''] ?? syscall ?? 'open'} ${path}`, error);
  }
  const call = syscall === 'uv_cwd' ? 'getcwd' : syscall;
  const what = call === undefined ? 'The system refused' : `The system refused ${call}`;
  return new TscopeError('UNSUPPORTED', `${what}: ${reasonOf(error)}.`, remedyOf(error), { cause: error });
}
