import { TscopeError, usageError } from '../../errors.ts';
import { readSmallFile } from '../../small-file.ts';
import { refusalOf } from '../../system-error.ts';
import type { Warning } from '../../warning.ts';
import { type HubAccess, readHubAccess } from './hub.ts';
import { needsToken, SETTING_NAMES, SETTINGS, type SettingName, type Settings } from './settings.ts';
import { readTls, type TlsFiles } from './tls.ts';
import { checkToken, readToken } from './token.ts';

/** Settings as given: text, and lists in a file. */
export type Given = Partial<Record<SettingName, unknown>>;

/** From where a setting's value comes. */
export type Origin = 'flag' | 'environment' | 'file' | 'default';

/** The effective configuration, and who decided what. */
export interface Config {
  readonly settings: Settings;
  readonly origins: Readonly<Record<SettingName, Origin>>;
  /** Null where none is asked for. */
  readonly token: string | null;
  /** Null where plain HTTP is served. */
  readonly tls: TlsFiles | null;
  /** Null where nothing is shipped. */
  readonly hub: HubAccess | null;
  /** The file that was read, or null. */
  readonly file: string | null;
  readonly warnings: readonly Warning[];
}

/** What is known before the file is read. */
export interface Sources {
  readonly flags: Given & { readonly config?: string | undefined };
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** TSCOPE_TOKEN_FILE for tokenFile. */
export const variableOf = (name: string): string =>
  `TSCOPE_${name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;

/** Variables that are not settings. */
const OTHER_VARIABLES = ['TSCOPE_CONFIG', 'TSCOPE_TOKEN', 'TSCOPE_DEBUG'];

const isSetting = (name: string): name is SettingName => Object.hasOwn(SETTINGS, name);

function readSettingsFile(path: string): Given {
  const text = readSmallFile('the configuration', path).bytes.toString('utf8');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    throw usageError(`${path} is not JSON: ${detail}.`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw usageError(`${path} must hold one JSON object, as in {"interval": "10s"}.`);
  }
  for (const name of Object.keys(value)) {
    if (!isSetting(name)) {
      throw usageError(`${path}: there is no setting '${name}'; there are ${SETTING_NAMES.join(', ')}.`);
    }
  }
  return value;
}

function fromEnvironment(environment: Sources['environment']): Given {
  const entries = SETTING_NAMES.map((name) => [name, environment[variableOf(name)]] as const);
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined && value !== ''));
}

/** A variable that looks like ours and is none is most likely misspelt. */
function unknownVariables(environment: Sources['environment']): Warning[] {
  const known = [...SETTING_NAMES.map(variableOf), ...OTHER_VARIABLES];
  return Object.keys(environment)
    .filter((name) => name.startsWith('TSCOPE_') && !known.includes(name))
    .map((name) => ({
      code: 'unknown-variable',
      message: `The environment's ${name} is not a setting of the agent and is ignored.`,
      hint: `There are ${known.join(', ')}.`,
    }));
}

/** Where a reader has to look for a setting's value. */
function placeOf(name: SettingName, origin: Origin, file: string | null): string {
  if (origin === 'file') return `${file}: ${name}`;
  return origin === 'environment' ? variableOf(name) : `\`${name}\``;
}

/** Whether reading failed because this process may not read the file. */
const isDenied = (error: unknown): boolean =>
  ['EACCES', 'EPERM'].includes(String((error as { cause?: { code?: unknown } }).cause?.code));

/**
 * What `read` gives, or what was read before from the same files where they may no longer be read: an agent that gave
 * up root's rights (`user`) keeps what root could read.
 */
function readOrKeep<T>(read: () => T, kept: { readonly value: T; readonly what: string } | null) {
  try {
    return { value: read(), warning: null };
  } catch (error) {
    if (kept === null || !isDenied(error)) throw error;
    const message = `${kept.what} may no longer be read by this user and stays as it was: ${refusalOf(error)?.message}`;
    return {
      value: kept.value,
      warning: { code: 'not-read-again', message, hint: 'Restart to read it again.' },
    };
  }
}

/**
 * Puts the configuration together: flags before the environment, the environment before the file, the file before the
 * defaults.
 *
 * @param before what was read the last time, at a reload.
 * @throws TscopeError USAGE naming the place and what is accepted; IO where a file cannot be read.
 */
export function readConfig({ flags, environment }: Sources, before: Config | null = null): Config {
  const file = flags.config ?? (environment['TSCOPE_CONFIG'] || null);
  const layers: readonly [Origin, Given][] = [
    ['flag', flags],
    ['environment', fromEnvironment(environment)],
    ['file', file === null ? {} : readSettingsFile(file)],
  ];
  const given: Given = {};
  const origins = {} as Record<SettingName, Origin>;
  for (const name of SETTING_NAMES) {
    const layer = layers.find(([, values]) => values[name] !== undefined);
    origins[name] = layer?.[0] ?? 'default';
    const { fallback } = SETTINGS[name];
    const value = layer === undefined ? fallback : layer[1][name];
    const isNothing = value === null || value === '';
    // Nothing turns off what may be off; of anything else its parser says what is accepted.
    if (isNothing && fallback === null) continue;
    given[name] = isNothing && fallback === '' ? [] : value;
  }
  const settings = settingsOf(given, (name) => placeOf(name, origins[name], file));
  if (settings.clocks.every((clock) => clock === settings.reference)) {
    const place = placeOf('clocks', origins.clocks, file);
    throw usageError(`${place}: give another clock than the reference, ${settings.reference}.`);
  }
  const token = readOrKeep(
    () => readToken(settings.tokenFile, environment['TSCOPE_TOKEN']),
    before?.settings.tokenFile === settings.tokenFile
      ? { value: before?.token ?? null, what: 'The token' }
      : null,
  );
  checkToken(token.value, needsToken(settings), settings.listen);
  const sameFiles =
    before?.settings.tlsCert === settings.tlsCert && before?.settings.tlsKey === settings.tlsKey;
  const tls = readOrKeep(
    () => readTls(settings),
    sameFiles ? { value: before?.tls ?? null, what: 'The key of the certificate' } : null,
  );
  const warnings = [...unknownVariables(environment), token.warning, tls.warning];
  return {
    settings,
    origins,
    token: token.value,
    tls: tls.value,
    // What is fixed until the next start is not read again.
    hub: before === null ? hubOf(settings) : before.hub,
    file,
    warnings: warnings.filter((warning) => warning !== null),
  };
}

/** @throws TscopeError USAGE naming the first setting whose value cannot be, by `place`. */
function settingsOf(given: Given, place: (name: SettingName) => string): Settings {
  const entries = SETTING_NAMES.filter((name) => given[name] !== undefined).map((name) => {
    try {
      return [name, SETTINGS[name].parse(given[name])];
    } catch (error) {
      if (!(error instanceof TscopeError)) throw error;
      throw usageError(`${place(name)}: ${describe(error.message, given[name])}`);
    }
  });
  return Object.fromEntries(entries);
}

function hubOf({ hub, hubCredentials, hubCa }: Settings): HubAccess | null {
  if (hub.length > 0) return readHubAccess(hub, hubCredentials, hubCa);
  if (hubCredentials !== undefined) throw usageError('`hubCredentials`: it goes with `hub`.');
  if (hubCa !== undefined) throw usageError('`hubCa`: it goes with `hub`.');
  return null;
}

/** A parser's complaint, which begins with what it calls the value, with the value itself. */
function describe(message: string, value: unknown): string {
  // A password in an address is nobody's business in a log.
  const shown = (JSON.stringify(value) ?? String(value)).replace(
    /((?:^|[",])(?:\w+:\/\/)?)[^",]*@/g,
    '$1...@',
  );
  const text = message.replace(/^[^:]*: /, '');
  if (text.startsWith("'")) return text;
  return `${shown.length > 60 ? `${shown.slice(0, 60)}...` : shown}: ${text}`;
}
