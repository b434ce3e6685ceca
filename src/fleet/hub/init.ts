import type { StreamConfig } from '@nats-io/jetstream';
import type { HubAccess } from '../../agent/config/hub.ts';
import type { FleetInitResult } from '../../schema/fleet-hub.ts';
import { connectHub, hubName } from './connect.ts';
import { foreignStream, hubError, withoutJetStream } from './hub-error.ts';
import {
  CONSUMER,
  DESCRIPTION,
  isOurs,
  MOST_MESSAGE_BYTES,
  REFUSED_STREAM,
  REFUSED_SUBJECT,
  REGISTRY,
  STREAM,
  SUBJECT,
} from './names.ts';

/** How large a hub is. */
export interface HubLimits {
  readonly replicas: number;
  /** Of the stream of batches; full, it takes no more, and the hosts keep what they have. */
  readonly maxBytes: number;
  /** Older messages are dropped whether they were collected or not, ns. */
  readonly maxAgeNs: number;
}

/** Of what could not be read no more than this is kept, bytes. */
const REFUSED_BYTES = 256 * 2 ** 20;
/** A host's entry in the registry has some 300 bytes. */
const REGISTRY_BYTES = 256 * 2 ** 20;
/** A message whose collector was killed goes to another after this, ns. */
const ACK_WAIT_NS = 60e9;
const MOST_UNACKNOWLEDGED = 20_000;

type Wanted = Pick<StreamConfig, 'name' | 'description' | 'subjects'> & Partial<StreamConfig>;

const streamsOf = ({ replicas, maxBytes, maxAgeNs }: HubLimits): Wanted[] => {
  const common = { num_replicas: replicas, storage: 'file', max_msg_size: MOST_MESSAGE_BYTES } as const;
  return [
    {
      name: STREAM,
      description: `${DESCRIPTION}: batches of the hosts`,
      subjects: [`${SUBJECT}.*`],
      // A message that is acknowledged is gone; one that finds no room is refused, and stays on its host.
      retention: 'workqueue',
      discard: 'new',
      max_age: maxAgeNs,
      max_bytes: maxBytes,
      ...common,
    },
    {
      name: REFUSED_STREAM,
      description: `${DESCRIPTION}: messages that could not be read`,
      subjects: [`${REFUSED_SUBJECT}.*`],
      retention: 'limits',
      discard: 'old',
      max_age: maxAgeNs,
      max_bytes: REFUSED_BYTES,
      ...common,
    },
    {
      name: `KV_${REGISTRY}`,
      description: `${DESCRIPTION}: registry of hosts`,
      subjects: [`$KV.${REGISTRY}.>`],
      retention: 'limits',
      discard: 'new',
      max_age: 0,
      max_bytes: REGISTRY_BYTES,
      // What makes a stream a bucket of keys and values (NATS ADR-8).
      max_msgs_per_subject: 1,
      allow_rollup_hdrs: true,
      deny_delete: true,
      allow_direct: true,
      ...common,
    },
  ] as Wanted[];
};

/** What a pass found. */
export type InitResult = Pick<FleetInitResult, 'made' | 'there' | 'differences'>;

const shown = (value: unknown): string => (value === undefined ? 'unset' : JSON.stringify(value));

/**
 * Makes what a hub needs and does not have: streams, the consumer, the registry.
 *
 * @throws TscopeError HUB where it cannot be reached or refuses, or where a stream of our name is somebody else's.
 */
export async function initHub(access: HubAccess, limits: HubLimits): Promise<InitResult> {
  const hub = hubName(access);
  const connection = await connectHub(access, 'tscope fleet init');
  try {
    const { jetstreamManager } = await import('@nats-io/jetstream');
    const manager = await jetstreamManager(connection).catch((error: unknown) => {
      throw (error as Error).name === 'JetStreamNotEnabled' ? withoutJetStream(hub, error) : error;
    });
    const result: InitResult = { made: [], there: [], differences: [] };
    const compare = (what: string, is: object, asked: object): void => {
      for (const [field, value] of Object.entries(asked)) {
        const found: unknown = Reflect.get(is, field);
        if (JSON.stringify(found ?? null) === JSON.stringify(value) || (found === undefined && !value))
          continue;
        result.differences.push({ what, field, is: shown(found), asked: shown(value) });
      }
    };
    const wanted = streamsOf(limits);
    const found = new Map<string, StreamConfig>();
    for await (const { config } of manager.streams.list()) found.set(config.name, config);
    // All are looked at before any is made.
    for (const { name } of wanted) {
      const config = found.get(name);
      if (config !== undefined && !isOurs(config)) throw foreignStream(hub, name);
    }
    for (const stream of wanted) {
      const config = found.get(stream.name);
      if (config === undefined) {
        await manager.streams.add(stream as Partial<StreamConfig> & { name: string });
        result.made.push(`stream ${stream.name}`);
      } else {
        result.there.push(`stream ${stream.name}`);
        compare(`stream ${stream.name}`, config, stream);
      }
    }
    const consumer = {
      durable_name: CONSUMER,
      ack_policy: 'explicit',
      ack_wait: ACK_WAIT_NS,
      max_ack_pending: MOST_UNACKNOWLEDGED,
    };
    const known = await manager.consumers.info(STREAM, CONSUMER).catch((error: unknown) => {
      if (
        (error as { name?: string }).name === 'ConsumerNotFoundError' ||
        /consumer not found/i.test(String(error))
      )
        return null;
      throw error;
    });
    if (known === null) {
      await manager.consumers.add(STREAM, consumer as never);
      result.made.push(`consumer ${CONSUMER}`);
    } else {
      result.there.push(`consumer ${CONSUMER}`);
      compare(`consumer ${CONSUMER}`, known.config, consumer);
    }
    return result;
  } catch (error) {
    throw hubError(error, hub);
  } finally {
    await connection.close();
  }
}
