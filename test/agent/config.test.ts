import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  formatListenAddress,
  isLoopback,
  parseListenAddress,
} from '../../src/agent/config/listen-address.ts';
import { formatSetting } from '../../src/agent/config/plan.ts';
import { readConfig, variableOf } from '../../src/agent/config/read-config.ts';
import { SETTING_NAMES } from '../../src/agent/config/settings.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const folder = temporaryFolder();

const file = (text: string): string => {
  const path = join(folder, 'agent.json');
  writeFileSync(path, text);
  return path;
};
const read = (flags: object = {}, environment: Record<string, string> = {}) =>
  readConfig({ flags, environment });

test('without anything, the defaults of the contract', () => {
  const { settings, token, file: none } = read();
  expect(settings).toMatchObject({ interval: 10e9, listen: { host: '127.0.0.1', port: 9797 } });
  expect({ token, none }).toEqual({ token: null, none: null });
});

test('flags win over the environment, the environment over the file', () => {
  const config = file('{"interval": "1s", "retain": "2d", "clocks": ["tsc"]}');
  const { settings, origins } = read(
    { interval: '3s', config },
    { TSCOPE_INTERVAL: '2s', TSCOPE_RETAIN: '5d' },
  );
  expect([settings.interval, settings.retain, settings.clocks]).toEqual([3e9, 5 * 86_400e9, ['tsc']]);
  expect([origins.interval, origins.retain, origins.clocks]).toEqual(['flag', 'environment', 'file']);
});

test('every default, written out and read back, is the same', () => {
  const { settings } = read();
  const written = Object.fromEntries(
    SETTING_NAMES.map((name) => [name, formatSetting(settings, name)]).filter(([, text]) => text !== null),
  );
  expect(read(written).settings).toEqual(settings);
});

test.each([
  ['{"interval": 10}', 'interval'],
  ['{"interval": "10"}', 'interval'],
  ['{"intervall": "10s"}', 'intervall'],
  ['{"clocks": "sundial"}', 'clocks'],
  ['{"clocks": []}', 'clocks'],
  ['{"maxSize": "10"}', 'maxSize'],
  ['{"maxSize": "1K"}', '1M'],
  ['{"hostNames": ["a b"]}', 'hostNames'],
  ['{"hostNames": "evil.example:80"}', 'hostNames'],
  ['{"__proto__": {"interval": "1s"}}', 'setting'],
  ['[]', 'object'],
  ['null', 'object'],
  ['{', 'JSON'],
])('the file %s is refused with a sentence that names %s and the file', (text, word) => {
  const config = file(text);
  expect(() => read({ config })).toThrow(word);
  expect(() => read({ config })).toThrow(config);
});

test.each([
  [{ interval: 10 }, '10: must be a string.'],
  [{ interval: null }, 'null: must be a string.'],
  [{ interval: '' }, /^'' is not a duration; /],
  [{ clocks: '' }, /^"": must be one of tsc, realtime, .*\.$/],
  [{ reference: null }, 'null: must be a string.'],
  [{ db: '' }, '"": must not be empty.'],
  [{ maxSize: '' }, '"": must be a whole number and K, M, G or T, as in 500M.'],
  [{ listen: null }, 'null: must be a string.'],
  [{ interval: '99ms' }, '"99ms": must lie within 100ms to 1h.'],
  [{ clocks: 'tsc,sundial' }, /^"tsc,sundial": must be one of tsc, realtime, .*\.$/],
  [{ clocks: 7 }, '7: must be a list.'],
  [{ hostNames: Array(65).fill('a') }, /: must have 64 entries at most\.$/],
  [{ ship: 'days' }, '"days": must be minutes or samples.'],
  [{ db: 'x'.repeat(4097) }, /: must have 4096 characters at most\.$/],
  [{ textfile: '/tmp/x.txt' }, '"/tmp/x.txt": must end in .prom, as node_exporter looks for.'],
  [{ otlp: 'ftp://a/' }, '"ftp://a/": must be a URL with http:// or https://.'],
  [{ otlp: 'a' }, '"a": must be a URL with http:// or https://.'],
  [{ user: 'a b' }, '"a b": must be the name of a user.'],
  [{ label: 'site' }, '"site": must be KEY=VALUE, as in site=ber.'],
  [{ label: { site: { ber: 1 } } }, '{"site":{"ber":1}}: must be KEY=VALUE, as in site=ber.'],
  [
    { label: Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`k${i}`, 'v'])) },
    /: must be 16 labels at most\.$/,
  ],
])('%j is refused in one sentence that says what is accepted', (settings, sentence) => {
  const config = file(JSON.stringify(settings));
  const place = `${config}: ${Object.keys(settings)[0]}: `;
  let message = '';
  try {
    read({ config });
  } catch (error) {
    message = (error as Error).message;
  }
  expect(message.slice(0, place.length)).toBe(place);
  const said = message.slice(place.length);
  if (typeof sentence === 'string') expect(said).toBe(sentence);
  else expect(said).toMatch(sentence);
});

test('the bounds themselves are accepted', () => {
  const config = file(
    JSON.stringify({
      interval: '100ms',
      recalibrate: '30d',
      retain: '1h',
      maxSize: '1M',
      db: 'x'.repeat(4096),
      hostNames: Array(64).fill('a'),
      label: Object.fromEntries(Array.from({ length: 16 }, (_, i) => [`k${i}`, 'v'])),
    }),
  );
  const { settings } = read({ config });
  expect(settings).toMatchObject({
    interval: 1e8,
    recalibrate: 30 * 86_400e9,
    retain: 3600e9,
    maxSize: 2 ** 20,
  });
  expect([settings.db.length, settings.hostNames.length, Object.keys(settings.label).length]).toEqual([
    4096, 64, 16,
  ]);
});

test.each([
  'localhost',
  '9797',
  ':9797',
  '127.0.0.1',
  '127.0.0.1:65536',
  '::1:9797',
  '[127.0.0.1]:1',
  'example.org:1',
  '[::1]',
])('%j is no address to listen on', (listen) => {
  expect(() => parseListenAddress(listen)).toThrow('listen');
});

test('every address is read back as it was written', () => {
  const address = fc.record({ host: fc.oneof(fc.ipV4(), fc.ipV6()), port: fc.nat(65_535) });
  fc.assert(
    fc.property(address, (given) => {
      expect(parseListenAddress(formatListenAddress(given))).toEqual(given);
    }),
  );
});

test.each([
  ['127.0.0.1', true],
  ['127.1.2.3', true],
  ['::1', true],
  ['0.0.0.0', false],
  ['::', false],
  ['128.0.0.1', false],
  ['127.0.0.1.evil.example', false],
])('%s is loopback: %s', (host, loopback) => {
  expect(isLoopback(host)).toBe(loopback);
});

test('strangers are asked for a token that cannot be guessed', () => {
  const listen = '0.0.0.0:9797';
  expect(() => read({ listen })).toThrow('token');
  expect(() => read({ listen }, { TSCOPE_TOKEN: 'short' })).toThrow('16');
  expect(() => read({ listen }, { TSCOPE_TOKEN: 'with a space in it ..' })).toThrow('space');
  expect(read({ listen }, { TSCOPE_TOKEN: '0123456789abcdef' }).token).toBe('0123456789abcdef');
  const tokenFile = join(folder, 'token');
  writeFileSync(tokenFile, '0123456789abcdef0\nsecond line\n', { mode: 0o600 });
  expect(read({ listen, tokenFile }).token).toBe('0123456789abcdef0');
  writeFileSync(tokenFile, '');
  expect(() => read({ listen, tokenFile })).toThrow('token');
});

test.each([
  ['a'.repeat(24), 'different'],
  ['abcde'.repeat(5), 'different'],
  ['abcdef'.repeat(4), 'repeat'],
  ['passwordpassword', 'repeat'],
])('the token %s is refused: %s', (token, word) => {
  expect(() => read({}, { TSCOPE_TOKEN: token })).toThrow(word);
});

test('six different characters are enough, and the length counts', () => {
  expect(read({}, { TSCOPE_TOKEN: 'aaaaaaaaaaabcdef' }).token).toHaveLength(16);
  expect(() => read({}, { TSCOPE_TOKEN: 'aaaaaaaaaabcdef' })).toThrow('16');
});

test('a token file that everybody can read is refused, one of a group is not', () => {
  const tokenFile = join(folder, 'open-token');
  writeFileSync(tokenFile, '0123456789abcdef\n');
  chmodSync(tokenFile, 0o644);
  expect(() => read({ tokenFile })).toThrow(/every user/);
  chmodSync(tokenFile, 0o640);
  expect(read({ tokenFile }).token).toBe('0123456789abcdef');
});

test('certificate and key go together', () => {
  expect(() => read({ tlsCert: '/c.pem' })).toThrow('`tlsKey`');
  expect(() => read({ tlsKey: '/k.pem' })).toThrow('`tlsCert`');
  expect(() => read({ tlsCert: '/no/c.pem', tlsKey: '/no/k.pem' })).toThrow('/no/c.pem');
  const junk = join(folder, 'junk.pem');
  writeFileSync(junk, 'no certificate');
  expect(() => read({ tlsCert: junk, tlsKey: junk })).toThrow('pair');
});

test('the name of a variable follows from that of the setting', () => {
  expect(variableOf('tokenFile')).toBe('TSCOPE_TOKEN_FILE');
});

test('a password in an address is not repeated', () => {
  const hub = 'nats://user:secret@a:4222';
  expect(() => read({ hub })).toThrow(/"nats:\/\/\.\.\.@a:4222": a user or password does not belong in/);
  for (const text of [
    hub,
    'nats://user:secret@a:99999',
    'user:secret@a:4222',
    'nats://a,nats://user:secret@b',
  ]) {
    let message = '';
    try {
      read({}, { TSCOPE_HUB: text });
    } catch (error) {
      message = (error as Error).message;
    }
    expect(message, text).toContain('does not belong in the address');
    expect(message, text).not.toContain('secret');
  }
});
