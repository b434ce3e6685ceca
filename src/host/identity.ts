import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';

/** Which host this is, for records that outlive a process. */
interface Identity {
  /** machine-id(5), which stays the same over the life of an installation; the host name where there is none. */
  readonly key: string;
  readonly name: string;
}

/** Which boot of the kernel this is, random(4); null where that is not told. */
export function bootId(): string | null {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim() || null;
  } catch {
    return null;
  }
}

/** Reads the machine id, without a child process. */
export function hostIdentity(): Identity {
  const name = hostname();
  try {
    return { key: readFileSync('/etc/machine-id', 'utf8').trim() || name, name };
  } catch {
    return { key: name, name };
  }
}
