import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { AgentResult } from '../../schema/agent.ts';
import { inspect } from '../../store/inspect.ts';
import { formatDuration } from '../../units.ts';
import { isRoot } from '../privileges.ts';
import type { HubAccess } from './hub.ts';
import { formatListenAddress, isLoopback } from './listen-address.ts';
import type { Config } from './read-config.ts';
import { SETTING_NAMES, type SettingName, type Settings } from './settings.ts';

const UNITS = ['T', 'G', 'M', 'K'] as const;

/** The shortest size that is read back as the same. */
function formatSize(bytes: number): string {
  const unit = UNITS.find((_, i) => bytes % 2 ** (40 - 10 * i) === 0) ?? 'K';
  return `${bytes / 2 ** (40 - 10 * UNITS.indexOf(unit))}${unit}`;
}

/** A setting as a user would write it; null where it is off. */
export function formatSetting(settings: Settings, name: SettingName): string | null {
  const value = settings[name];
  if (value === undefined) return null;
  if (name === 'maxSize' && typeof value === 'number') return formatSize(value);
  if (typeof value === 'number') return formatDuration(BigInt(value));
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return value.join(',');
  if (name === 'listen') return formatListenAddress(settings.listen);
  return Object.entries(settings.label)
    .map(([key, word]) => `${key}=${word}`)
    .join(',');
}

function storePlan(db: string): string {
  const path = resolve(db);
  if (!inspect(path).exists) return `It makes a store at ${path}.`;
  const megabytes = (statSync(path).size / 2 ** 20).toFixed(1);
  return `It adds to the store at ${path}, which has ${megabytes} MiB.`;
}

function audience({ listen }: Settings, token: string | null): string {
  const who = isLoopback(listen.host) ? 'this host only' : 'every host that can connect';
  return `${who}, ${token === null ? 'without a token' : 'and asks for the token'}`;
}

function userPlan({ user }: Settings): string {
  if (user !== undefined) return `It becomes ${user} after it listens.`;
  return isRoot()
    ? 'It stays root, which it does not need: `user`, or the systemd unit, gives that up.'
    : 'It stays the present user.';
}

function hubPlan({ ship }: Settings, { servers, word }: HubAccess): string {
  const what = ship === 'samples' ? 'every sample' : 'a summary of each minute';
  return `It sends ${what}, events and documents to the hub ${servers.join(',')} as ${word}.`;
}

/**
 * What an agent with this configuration would do, a sentence each. Nothing is changed.
 *
 * @throws TscopeError STORE_REFUSED where the file is not a store; IO where it cannot be read.
 */
export function planSentences({ settings, token, hub }: Config): string[] {
  const { clocks, reference, interval, recalibrate, retain, maxSize, listen, db } = settings;
  const every = (ns: number) => formatDuration(BigInt(ns));
  return [
    `It reads ${clocks.join(', ')} against ${reference} every ${every(interval)} and measures the TSC's rate every ${every(recalibrate)}.`,
    storePlan(db),
    `Samples are kept for ${every(retain)}, minutes and hours ten times as long, all within ${formatSize(maxSize)}.`,
    `It serves http://${formatListenAddress(listen)}/ to ${audience(settings, token)}.`,
    userPlan(settings),
    ...(hub === null ? [] : [hubPlan(settings, hub)]),
  ];
}

/** The settings with who decided them, for the document. */
export const describeSettings = ({ settings, origins }: Config): AgentResult['settings'] =>
  Object.fromEntries(
    SETTING_NAMES.map((name) => [name, { value: formatSetting(settings, name), origin: origins[name] }]),
  );
