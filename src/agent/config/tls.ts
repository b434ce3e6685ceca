import { usageError } from '../../errors.ts';
import { readSmallFile } from '../../small-file.ts';

/** The certificate, with its chain, and its key, both PEM. */
export interface TlsFiles {
  readonly cert: Buffer;
  readonly key: Buffer;
}

/**
 * The files of `tlsCert` and `tlsKey`; null where neither is given.
 *
 * @throws TscopeError USAGE where one is given without the other or they are not a pair; IO where one cannot be read.
 */
export function readTls({
  tlsCert,
  tlsKey,
}: {
  readonly tlsCert?: string | undefined;
  readonly tlsKey?: string | undefined;
}): TlsFiles | null {
  if (tlsCert === undefined && tlsKey === undefined) return null;
  if (tlsCert === undefined) throw usageError('`tlsCert`: give the certificate too; there is only `tlsKey`.');
  if (tlsKey === undefined) throw usageError('`tlsKey`: give the key too; there is only `tlsCert`.');
  const files = {
    cert: readSmallFile('the certificate', tlsCert).bytes,
    key: readSmallFile('the key', tlsKey).bytes,
  };
  try {
    // Loaded where it is needed only: OpenSSL's part takes a megabyte and a half.
    process.getBuiltinModule('node:tls').createSecureContext(files);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw usageError(`\`tlsCert\` ${tlsCert} and \`tlsKey\` ${tlsKey} are not a pair in PEM: ${why}.`);
  }
  return files;
}
