import { z } from 'zod';
import { TscopeError } from '../../errors.ts';
import { CLOCK_NAMES } from '../../host/clocks.ts';
import { MOST_LABELS } from '../../schema/fleet-batch.ts';
import { DEFAULT_STORE } from '../../store/store.ts';
import { formatDuration, parseDuration } from '../../units.ts';
import { parseHubUrl } from './hub.ts';
import { isLoopback, parseListenAddress } from './listen-address.ts';

/** Turns a TscopeError thrown by a parser into an issue of the schema that calls it. */
const parsed = <T>(parse: (text: string) => T) =>
  z.string().transform((text, context): T => {
    try {
      return parse(text);
    } catch (error) {
      if (!(error instanceof TscopeError)) throw error;
      context.addIssue({ code: 'custom', message: error.message.replace(/^[^:]*: /, '').replace(/\.$/, '') });
      return z.NEVER;
    }
  });

/** A duration within bounds, ns. */
function duration(min: string, max: string) {
  const [least, most] = [parseDuration(min, 'min'), parseDuration(max, 'max')];
  return parsed((text) => Number(parseDuration(text, 'value'))).refine((ns) => ns >= least && ns <= most, {
    error: `must lie within ${formatDuration(least)} to ${formatDuration(most)}`,
  });
}

const UNITS: Readonly<Record<string, number>> = { K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 };

/** A size as `500M` or `2G`, bytes. */
const size = z
  .string()
  .regex(/^\d{1,6}[KMGT]$/, 'must be a whole number and K, M, G or T, as in 500M')
  .transform((text) => Number(text.slice(0, -1)) * (UNITS[text.slice(-1)] ?? 1))
  .refine((bytes) => bytes >= 2 ** 20, 'must be at least 1M');

/** A list, given as an array in the file and with commas elsewhere. */
const list = <T extends z.ZodType<unknown, string>>(item: T) =>
  z.preprocess(
    (value) => (typeof value === 'string' ? value.split(',').map((part) => part.trim()) : value),
    z.array(item).max(64),
  );

const kernelClock = z.enum(CLOCK_NAMES);
const comparedClock = z.enum(['tsc', ...CLOCK_NAMES]);
const filePath = z.string().min(1, 'must not be empty').max(4096);

const PAIR = /^([a-z][a-z0-9_-]{0,31})=([\x21-\x2b\x2d-\x7e]{1,64})$/;

/** `site=ber,rack=7`, or in the file also an object. */
const labels = z
  .preprocess(
    (value) =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? Object.entries(value).map(([key, word]) => `${key}=${String(word)}`)
        : value,
    list(z.string().regex(PAIR, 'must be KEY=VALUE, as in site=ber')),
  )
  .refine((pairs) => pairs.length <= MOST_LABELS, `must be ${MOST_LABELS} labels at most`)
  .transform((pairs) =>
    Object.fromEntries(pairs.map((pair) => PAIR.exec(pair)?.slice(1) as [string, string])),
  );

/** What an agent can be told; the same names in the file. */
export const settingsSchema = z.strictObject({
  interval: duration('100ms', '1h'),
  clocks: list(comparedClock).refine((names) => names.length > 0, 'must name a clock'),
  reference: kernelClock,
  recalibrate: duration('1m', '30d'),
  db: filePath,
  retain: duration('1h', '3650d'),
  maxSize: size,
  listen: parsed(parseListenAddress),
  tokenFile: filePath.optional(),
  tlsCert: filePath.optional(),
  tlsKey: filePath.optional(),
  hostNames: list(
    z.string().regex(/^[A-Za-z0-9]([A-Za-z0-9.-]{0,252})$/, 'must be a host name without a port'),
  ),
  textfile: filePath.regex(/\.prom$/, 'must end in .prom, as node_exporter looks for').optional(),
  otlp: z.url({ protocol: /^https?$/, error: 'must be a URL with http:// or https://' }).optional(),
  user: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_.-]{0,31}$/, 'must be the name of a user')
    .optional(),
  hub: list(parsed(parseHubUrl)),
  hubCredentials: filePath.optional(),
  hubCa: filePath.optional(),
  label: labels,
  ship: z.enum(['minutes', 'samples'], { error: 'must be minutes or samples' }),
});

/** One effective configuration. Durations are ns, sizes bytes. */
export type Settings = Readonly<z.infer<typeof settingsSchema>>;

export type SettingName = keyof typeof settingsSchema.shape;

/** One setting's words. */
export interface SettingDescription {
  /** What stands for the value in the flag's help. */
  readonly placeholder: string;
  readonly help: string;
  /** As a user would write it; null where the setting is off unless given. */
  readonly fallback: string | null;
}

/** Every setting, in the order in which help and `--check` show them. */
export const SETTINGS: Readonly<Record<SettingName, SettingDescription>> = {
  interval: { placeholder: 'time', help: 'time between samples, 100ms to 1h', fallback: '10s' },
  clocks: {
    placeholder: 'names',
    help: `which to compare, of tsc, ${CLOCK_NAMES.join(', ')}`,
    fallback: 'tsc,monotonic,realtime',
  },
  reference: { placeholder: 'clock', help: 'the clock to compare with', fallback: 'monotonic_raw' },
  recalibrate: { placeholder: 'time', help: "time between measurements of the TSC's rate", fallback: '1h' },
  db: { placeholder: 'file', help: 'where samples and events are stored', fallback: DEFAULT_STORE },
  retain: { placeholder: 'time', help: 'how long samples are kept one by one', fallback: '30d' },
  maxSize: { placeholder: 'size', help: 'size that the store is kept below, as in 500M', fallback: '1G' },
  listen: {
    placeholder: 'address',
    help: 'address and port to serve on; other than loopback needs a token',
    fallback: '127.0.0.1:9797',
  },
  tokenFile: { placeholder: 'file', help: 'file whose first line is the token to ask for', fallback: null },
  tlsCert: {
    placeholder: 'file',
    help: 'serve HTTPS with this certificate and its chain (PEM)',
    fallback: null,
  },
  tlsKey: { placeholder: 'file', help: 'its private key (PEM)', fallback: null },
  hostNames: { placeholder: 'names', help: 'other names that browsers may use for this host', fallback: '' },
  textfile: {
    placeholder: 'file',
    help: "write the metrics there every 15 s, for node_exporter's textfile collector",
    fallback: null,
  },
  otlp: {
    placeholder: 'url',
    help: 'send the metrics there every minute by OTLP over HTTP, as to http://127.0.0.1:4318/v1/metrics',
    fallback: null,
  },
  user: { placeholder: 'name', help: 'user to become after listening, if started as root', fallback: null },
  hub: {
    placeholder: 'urls',
    help: 'also send what is measured to this NATS JetStream hub of a fleet, as nats://a:4222,nats://b:4222',
    fallback: '',
  },
  hubCredentials: {
    placeholder: 'file',
    help: 'who this host is there: a .creds file, or {"user": ..., "seed" or "password": ...}',
    fallback: null,
  },
  hubCa: {
    placeholder: 'file',
    help: "authority that the hub's certificates come from (PEM)",
    fallback: null,
  },
  label: {
    placeholder: 'key=value',
    help: 'what the fleet may sort this host by, as in site=ber; may be given several times',
    fallback: '',
  },
  ship: {
    placeholder: 'parts',
    help: 'minutes: roll-ups, events, calibrations and documents of runs; samples: single samples too',
    fallback: 'minutes',
  },
};

export const SETTING_NAMES = Object.keys(SETTINGS) as SettingName[];

/** True where anybody but this host's own users can connect. */
export const needsToken = ({ listen }: Pick<Settings, 'listen'>): boolean => !isLoopback(listen.host);
