import { hostname } from 'node:os';
import { fileText } from './fact.ts';

/** Which host this is, for records that outlive a process. */
interface Identity {
  /** machine-id(5), which stays the same over the life of an installation; the host name where there is none. */
  readonly key: string;
  readonly name: string;
}

/** Which boot of the kernel this is, random(4); null where that is not told. */
export const bootId = (): string | null => fileText('/proc/sys/kernel/random/boot_id') || null;

/** Reads the machine id, without a child process. */
export function hostIdentity(): Identity {
  const name = hostname();
  return { key: fileText('/etc/machine-id') || name, name };
}
