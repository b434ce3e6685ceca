import { readFileSync } from 'node:fs';
import { release } from 'node:os';
import { type Fact, factOf, known, required } from './fact.ts';

/** The system's names. */
export interface OsFacts {
  readonly name: Fact<string>;
  readonly kernel: Fact<string>;
  readonly node: Fact<string>;
}

/** PRETTY_NAME of os-release(5). */
function osName(): Fact<string> {
  const path = '/etc/os-release';
  return factOf(path, () =>
    required(/^PRETTY_NAME="?([^"\n]+)"?$/m.exec(readFileSync(path, 'utf8'))?.[1], 'no PRETTY_NAME'),
  );
}

/** Reads os-release and asks uname. */
export const osFacts = (): OsFacts => ({
  name: osName(),
  kernel: known(release(), 'uname'),
  node: known(process.version, 'process.version'),
});
