import { usageError } from '../errors.ts';
import type { Where } from './store/hosts.ts';

/** A filter as people write it: `kernel=6.1.*`. @throws TscopeError USAGE. */
export function filterOf(text: string): Where {
  const at = text.indexOf('=');
  if (at < 1) {
    throw usageError(`'${text.slice(0, 40)}' is not a filter; give field=pattern, as in site=ber.`);
  }
  return { field: text.slice(0, at), pattern: text.slice(at + 1) };
}
