import { isIP, isIPv6 } from 'node:net';
import { usageError } from '../../errors.ts';

/** Where to listen. Port 0 takes a free one. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

const ACCEPTED = 'give an IP address and a port, as in 127.0.0.1:9797 or [::1]:9797';

/**
 * Parses `127.0.0.1:9797`, `[::1]:9797` or `localhost:9797`. Names are not looked up: what a name means can change.
 *
 * @throws TscopeError USAGE.
 */
export function parseListenAddress(text: string): ListenAddress {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2] ?? '';
  const port = Number(match?.[3] ?? Number.NaN);
  const named = host === 'localhost' ? '127.0.0.1' : host;
  const bracketed = match?.[1] !== undefined;
  if (isIP(named) === 0 || isIPv6(named) !== bracketed || !(port <= 65_535)) {
    throw usageError(`listen: '${text}' is not an address; ${ACCEPTED}.`);
  }
  return { host: named, port };
}

/** The address as it is written. */
export const formatListenAddress = ({ host, port }: ListenAddress): string =>
  isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;

/** True for 127.0.0.0/8 and ::1: nothing outside this host can connect. */
export const isLoopback = (host: string): boolean => host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host);
