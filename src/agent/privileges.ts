import { execFileSync } from 'node:child_process';
import { usageError } from '../errors.ts';

/** The number of a user or of the user's group, as id(1) knows it: also from a directory service. */
function idOf(kind: '-u' | '-g', user: string): number {
  try {
    return Number(
      execFileSync('id', [kind, '--', user], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }),
    );
  } catch {
    throw usageError(`\`user\`: there is no user '${user}' on this host.`);
  }
}

/** True where this process has what only root needs. */
export const isRoot = (): boolean => process.getuid?.() === 0;

/**
 * Becomes `user` for good, with that user's group and none of root's capabilities. Nothing that the agent does after it
 * listens needs more.
 *
 * @throws TscopeError USAGE where there is no such user, or this process is not root's.
 */
export function becomeUser(user: string): void {
  if (!isRoot()) {
    throw usageError('`user`: only root can become another user; leave it out to go on as the present one.');
  }
  const [uid, gid] = [idOf('-u', user), idOf('-g', user)];
  process.setgroups?.([gid]);
  process.setgid?.(gid);
  process.setuid?.(uid);
}
