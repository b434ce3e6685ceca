import { systemCode, TscopeError } from '../../errors.ts';
import { reasonOf } from '../../system-error.ts';
import { STREAM } from './names.ts';

/** Error codes of JetStream's API (nats-server, server/errors.json). */
const STREAM_NOT_FOUND = 10_059;
const NOT_ENABLED = [10_076, 10_039];
const NO_ROOM = [10_023, 10_047, 10_028, 10_077];
const WRONG_STREAM = 10_060;
const TOO_LARGE = 10_054;
const NOT_READY = [10_008, 10_009, 10_005];

/** Codes of TLS (OpenSSL's, as Node names them). */
const TLS: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'its certificate has expired',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet, or the clock of this host is behind',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is signed by nobody that is known here',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate comes from an authority that is not known here',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate comes from an authority that is not known here',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its certificate comes from an authority that is not known here',
};

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : '');

/** An error and what caused it, outermost first. */
function* chain(error: unknown): Generator<unknown> {
  for (let cause = error, depth = 0; cause != null && depth < 5; depth++) {
    yield cause;
    cause = cause instanceof AggregateError ? cause.errors[0] : (cause as { cause?: unknown }).cause;
  }
}

const apiCodeOf = (error: unknown): number | null => {
  const code = (error as { code?: unknown }).code;
  return typeof code === 'number' ? code : null;
};

const hubFailure = (message: string, hint: string | null, cause: unknown): TscopeError =>
  new TscopeError('HUB', message, hint, { cause });

/** That the server has no JetStream for this user. */
export const withoutJetStream = (hub: string, cause: unknown): TscopeError =>
  hubFailure(
    `${hub} runs without JetStream, or this user's account may not use it.`,
    'Start nats-server with -js, or with a `jetstream` block in its configuration.',
    cause,
  );

/** That a stream of our name is another's. */
export const foreignStream = (hub: string, stream: string): TscopeError =>
  hubFailure(
    `${hub}: its stream ${stream} is not tscope's; it is left as it is.`,
    'Give a hub or an account in which that name is free.',
    null,
  );

function fromConnecting(error: unknown, hub: string): TscopeError | null {
  for (const cause of chain(error)) {
    const [name, code] = [nameOf(cause), systemCode(cause)];
    const text = cause instanceof Error ? cause.message : '';
    if (name === 'UserAuthenticationExpiredError') {
      return hubFailure(`${hub}: the credentials of this host have expired.`, 'Give it new ones.', error);
    }
    if (name === 'AuthorizationError' || /authorization violation|authentication/i.test(text)) {
      const message = `${hub} refuses this host: its user, password or key is wrong or missing.`;
      return hubFailure(message, '`hubCredentials` names the file that says who this host is.', error);
    }
    if (code !== null && TLS[code] !== undefined) {
      const hint = '`hubCa` names the file of the authority that the certificates of the hub come from.';
      return hubFailure(`${hub}: its TLS is not trusted: ${TLS[code]} (${code}).`, hint, error);
    }
    if (/tls|certificate|ssl/i.test(text) && name !== 'ConnectionError') {
      return hubFailure(`${hub}: no TLS connection: ${text.replace(/\.$/, '')}.`, null, error);
    }
  }
  return null;
}

/** Whatever the hub's client threw, as one sentence of ours. @param hub its addresses, for the message. */
export function hubError(error: unknown, hub: string): TscopeError {
  if (error instanceof TscopeError) return error;
  for (const cause of chain(error)) {
    const code = apiCodeOf(cause);
    const name = nameOf(cause);
    const text = cause instanceof Error ? cause.message : String(cause);
    if (code === STREAM_NOT_FOUND || code === WRONG_STREAM) {
      const message =
        code === WRONG_STREAM
          ? `${hub}: the stream that takes this host's batches is not ${STREAM} but somebody else's.`
          : `${hub} has no stream ${STREAM}.`;
      return hubFailure(message, 'Run `tscope fleet init` against it.', error);
    }
    if (code !== null && NOT_ENABLED.includes(code)) return withoutJetStream(hub, error);
    if (
      (code !== null && NO_ROOM.includes(code)) ||
      /insufficient resources|maximum bytes exceeded|no space/i.test(text)
    ) {
      const message = `${hub} has no room left: its disk or the stream ${STREAM} is full.`;
      return hubFailure(
        message,
        'Nothing is lost: what it does not take stays on the hosts. Make room, or start collectors.',
        error,
      );
    }
    if (code === TOO_LARGE || /maximum message size|max_payload|MAX_PAYLOAD/i.test(text)) {
      return hubFailure(
        `${hub} takes no message as large as this one.`,
        'Its max_payload must be 262144 or more.',
        error,
      );
    }
    if (name === 'PermissionViolationError' || /permissions violation/i.test(text)) {
      const message = `${hub} does not allow this user what was asked: ${text.replace(/\.$/, '')}.`;
      return hubFailure(message, 'A host may publish only under the name of its credentials.', error);
    }
    if (code !== null && NOT_READY.includes(code)) {
      return hubFailure(`${hub}: its cluster has no leader at present.`, 'It is tried again.', error);
    }
  }
  const known = fromConnecting(error, hub);
  if (known !== null) return known;
  for (const cause of chain(error)) {
    const name = nameOf(cause);
    // The client says the same of a stream that is not there.
    if (name === 'NoRespondersError' || name === 'JetStreamNotEnabled') {
      const message = `${hub}: nobody takes what is sent there: it has no JetStream, or no stream ${STREAM}.`;
      return hubFailure(message, 'Run `tscope fleet init` against it.', error);
    }
    if (name === 'TimeoutError')
      return hubFailure(
        `${hub} does not answer in time.`,
        'It is tried again. A nats-server whose disk was full answers nothing more until it is started again; its log says so.',
        error,
      );
    if (systemCode(cause) !== null) {
      const hint = 'Is nats-server running, and does it listen there?';
      return hubFailure(`${hub} cannot be reached: ${reasonOf(cause)}.`, hint, error);
    }
  }
  const inner = [...chain(error)].at(-1);
  return hubFailure(`${hub}: ${reasonOf(inner ?? error)}.`, null, error);
}
