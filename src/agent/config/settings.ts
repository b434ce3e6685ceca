import { usageError } from '../../errors.ts';
import { CLOCK_NAMES } from '../../host/clocks.ts';
import { MOST_LABELS } from '../../schema/words.ts';
import { DEFAULT_STORE } from '../../store/store.ts';
import { formatDuration, parseDuration } from '../../units.ts';
import { parseHubUrl } from './hub.ts';
import { isLoopback, parseListenAddress } from './listen-address.ts';

// Not with zod, which would take 5 MB of an agent for months.

/** Reads a value as it is given: text, in a file also a list or an object. @throws TscopeError USAGE with what is accepted. */
type Parse<T> = (given: unknown) => T;

const refused = (accepted: string) => usageError(`value: must ${accepted}.`);

function textOf(given: unknown): string {
  if (typeof given !== 'string') throw refused('be a string');
  return given;
}

/** Text that `parse` reads. */
const parsed =
  <T>(parse: (text: string) => T): Parse<T> =>
  (given) =>
    parse(textOf(given));

/** Text of a pattern. */
const matching = (pattern: RegExp, accepted: string): Parse<string> =>
  parsed((text) => {
    if (!pattern.test(text)) throw refused(accepted);
    return text;
  });

/** One of some words. */
const oneOf = <T extends string>(...words: readonly T[]): Parse<T> =>
  parsed((text) => {
    const word = words.find((known) => known === text);
    if (word === undefined)
      throw refused(`be ${words.length > 2 ? 'one of ' : ''}${words.join(words.length > 2 ? ', ' : ' or ')}`);
    return word;
  });

/** A duration within bounds, ns. */
function duration(min: string, max: string): Parse<number> {
  const [least, most] = [parseDuration(min, 'min'), parseDuration(max, 'max')];
  return parsed((text) => {
    const ns = parseDuration(text, 'value');
    if (ns < least || ns > most)
      throw refused(`lie within ${formatDuration(least)} to ${formatDuration(most)}`);
    return Number(ns);
  });
}

const UNITS: Readonly<Record<string, number>> = { K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 };

/** A size as `500M` or `2G`, bytes. */
const size = parsed((text) => {
  const [, digits, unit = ''] = /^(\d{1,6})([KMGT])$/.exec(text) ?? [];
  if (digits === undefined) throw refused('be a whole number and K, M, G or T, as in 500M');
  const bytes = Number(digits) * (UNITS[unit] ?? 1);
  if (bytes < 2 ** 20) throw refused('be at least 1M');
  return bytes;
});

const MOST_ITEMS = 64;

/** A list, given as an array in the file and with commas elsewhere. */
const list =
  <T>(item: Parse<T>): Parse<readonly T[]> =>
  (given) => {
    const items = typeof given === 'string' ? given.split(',').map((part) => part.trim()) : given;
    if (!Array.isArray(items)) throw refused('be a list');
    if (items.length > MOST_ITEMS) throw refused(`have ${MOST_ITEMS} entries at most`);
    return items.map(item);
  };

const comparedClocks = list(oneOf('tsc', ...CLOCK_NAMES));

function clocks(given: unknown) {
  const names = comparedClocks(given);
  if (names.length === 0) throw refused('name a clock');
  return names;
}

const filePath = parsed((text) => {
  if (text === '') throw refused('not be empty');
  if (text.length > 4096) throw refused('have 4096 characters at most');
  return text;
});

function textfile(given: unknown): string {
  const path = filePath(given);
  if (!path.endsWith('.prom')) throw refused('end in .prom, as node_exporter looks for');
  return path;
}

const url = parsed((text) => {
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol))
    throw refused('be a URL with http:// or https://');
  return text;
});

const PAIR = /^([a-z][a-z0-9_-]{0,31})=([\x21-\x2b\x2d-\x7e]{1,64})$/;
const pairs = list(matching(PAIR, 'be KEY=VALUE, as in site=ber'));

/** `site=ber,rack=7`, or in the file also an object. */
function labels(given: unknown): Readonly<Record<string, string>> {
  const isObject = typeof given === 'object' && given !== null && !Array.isArray(given);
  const found = pairs(
    isObject ? Object.entries(given).map(([key, word]) => `${key}=${String(word)}`) : given,
  );
  if (found.length > MOST_LABELS) throw refused(`be ${MOST_LABELS} labels at most`);
  return Object.fromEntries(found.map((pair) => PAIR.exec(pair)?.slice(1) as [string, string]));
}

/**
 * One setting.
 *
 * @param placeholder what stands for the value in the flag's help.
 * @param fallback as a user would write it: nothing for an empty list, null where the setting is off unless given.
 */
const setting = <const Fallback extends string | null, Value>(
  placeholder: string,
  help: string,
  fallback: Fallback,
  parse: Parse<Value>,
) => ({ placeholder, help, fallback, parse });

/** Everything that an agent can be told, in the order in which help and `--check` show it; the same names in the file. */
export const SETTINGS = {
  interval: setting('time', 'time between samples, 100ms to 1h', '10s', duration('100ms', '1h')),
  clocks: setting(
    'names',
    `which to compare, of tsc, ${CLOCK_NAMES.join(', ')}`,
    'tsc,monotonic,realtime',
    clocks,
  ),
  reference: setting('clock', 'the clock to compare with', 'monotonic_raw', oneOf(...CLOCK_NAMES)),
  recalibrate: setting('time', "time between measurements of the TSC's rate", '1h', duration('1m', '30d')),
  db: setting('file', 'where samples and events are stored', DEFAULT_STORE, filePath),
  retain: setting('time', 'how long samples are kept one by one', '30d', duration('1h', '3650d')),
  maxSize: setting('size', 'size that the store is kept below, as in 500M', '1G', size),
  listen: setting(
    'address',
    'address and port to serve on; other than loopback needs a token',
    '127.0.0.1:9797',
    parsed(parseListenAddress),
  ),
  tokenFile: setting('file', 'file whose first line is the token to ask for', null, filePath),
  tlsCert: setting('file', 'serve HTTPS with this certificate and its chain (PEM)', null, filePath),
  tlsKey: setting('file', 'its private key (PEM)', null, filePath),
  hostNames: setting(
    'names',
    'other names that browsers may use for this host',
    '',
    list(matching(/^[A-Za-z0-9]([A-Za-z0-9.-]{0,252})$/, 'be a host name without a port')),
  ),
  textfile: setting(
    'file',
    "write the metrics there every 15 s, for node_exporter's textfile collector",
    null,
    textfile,
  ),
  otlp: setting(
    'url',
    'send the metrics there every minute by OTLP over HTTP, as to http://127.0.0.1:4318/v1/metrics',
    null,
    url,
  ),
  user: setting(
    'name',
    'user to become after listening, if started as root',
    null,
    matching(/^[A-Za-z_][A-Za-z0-9_.-]{0,31}$/, 'be the name of a user'),
  ),
  hub: setting(
    'urls',
    'also send what is measured to this NATS JetStream hub of a fleet, as nats://a:4222,nats://b:4222',
    '',
    list(parsed(parseHubUrl)),
  ),
  hubCredentials: setting(
    'file',
    'who this host is there: a .creds file, or {"user": ..., "seed" or "password": ...}',
    null,
    filePath,
  ),
  hubCa: setting('file', "authority that the hub's certificates come from (PEM)", null, filePath),
  label: setting(
    'key=value',
    'what the fleet may filter and group this host by, as in site=ber; may be given several times',
    '',
    labels,
  ),
  ship: setting(
    'parts',
    'minutes: roll-ups, events, calibrations and documents of runs; samples: single samples too',
    'minutes',
    oneOf('minutes', 'samples'),
  ),
} as const;

export type SettingName = keyof typeof SETTINGS;

/** One effective configuration. Durations are ns, sizes bytes; what is off is undefined. */
export type Settings = {
  readonly [Name in SettingName]:
    | ReturnType<(typeof SETTINGS)[Name]['parse']>
    | ((typeof SETTINGS)[Name]['fallback'] extends null ? undefined : never);
};

export const SETTING_NAMES = Object.keys(SETTINGS) as SettingName[];

/** True where anybody but this host's own users can connect. */
export const needsToken = ({ listen }: Pick<Settings, 'listen'>): boolean => !isLoopback(listen.host);
