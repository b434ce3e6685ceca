import type { Command, OptionValues } from '@commander-js/extra-typings';
import { type HubAccess, parseHubUrl, readHubAccess } from '../../agent/config/hub.ts';
import { usageError } from '../../errors.ts';

/** Adds --hub, --hub-credentials and --hub-ca. @param who the credentials are of. */
export const hubOptions = <Args extends unknown[], Options extends OptionValues>(
  command: Command<Args, Options>,
  who: string,
) =>
  command
    .option('--hub <urls>', 'the hub, as nats://a:4222,nats://b:4222 (default: $TSCOPE_HUB)')
    .option('--hub-credentials <file>', `${who}: a .creds file, or {"user": ..., "seed" or "password": ...}`)
    .option('--hub-ca <file>', "authority that the hub's certificates come from (PEM)");

/** The flags by which a command finds a hub; their values may come from the environment, as the agent's. */
interface HubFlags {
  readonly hub?: string | undefined;
  readonly hubCredentials?: string | undefined;
  readonly hubCa?: string | undefined;
}

/** @throws TscopeError USAGE where no hub is named; as `readHubAccess`. */
export function hubAccess({ hub, hubCredentials, hubCa }: HubFlags): HubAccess {
  const { TSCOPE_HUB, TSCOPE_HUB_CREDENTIALS, TSCOPE_HUB_CA } = process.env;
  const given = hub ?? TSCOPE_HUB ?? '';
  if (given === '') throw usageError('--hub: give the hub, as in --hub nats://127.0.0.1:4222.');
  const servers = given.split(',').map((url) => parseHubUrl(url.trim()));
  return readHubAccess(servers, hubCredentials ?? TSCOPE_HUB_CREDENTIALS, hubCa ?? TSCOPE_HUB_CA);
}
