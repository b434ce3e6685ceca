import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { usageError } from '../../errors.ts';
import { fileError } from '../../system-error.ts';
import type { Settings } from './settings.ts';

/** The certificate, with its chain, and its key, both PEM. */
export interface TlsFiles {
  readonly cert: Buffer;
  readonly key: Buffer;
}

function read(what: string, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw fileError(`cannot read ${what} ${file}`, error);
  }
}

/**
 * The files of `tlsCert` and `tlsKey`; null where neither is given.
 *
 * @throws TscopeError USAGE where one is given without the other or they are not a pair; IO where one cannot be read.
 */
export function readTls({ tlsCert, tlsKey }: Pick<Partial<Settings>, 'tlsCert' | 'tlsKey'>): TlsFiles | null {
  if (tlsCert === undefined && tlsKey === undefined) return null;
  if (tlsCert === undefined) throw usageError('`tlsCert`: give the certificate too; there is only `tlsKey`.');
  if (tlsKey === undefined) throw usageError('`tlsKey`: give the key too; there is only `tlsCert`.');
  const files = { cert: read('the certificate', tlsCert), key: read('the key', tlsKey) };
  try {
    createSecureContext(files);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw usageError(`\`tlsCert\` ${tlsCert} and \`tlsKey\` ${tlsKey} are not a pair in PEM: ${why}.`);
  }
  return files;
}
