import { type HubAccess, parseHubUrl, readHubAccess } from '../../agent/config/hub.ts';
import { usageError } from '../../errors.ts';

/** The flags by which a command finds a hub; their values may come from the environment, as the agent's. */
export interface HubFlags {
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
