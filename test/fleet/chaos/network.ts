import { connect, createServer, type Server, type Socket } from 'node:net';
import { freePort } from '../ports.ts';
import type { Mortal } from './chaos.ts';

/** A way to servers that can be cut: what is sent then waits, and new connections get no answer. */
export interface Network extends Mortal {
  /** The servers' ports, as seen through it. */
  readonly ports: readonly number[];
  stop(): void;
}

/** A network between some hosts and the servers at these ports of this machine. */
export async function startNetwork(name: string, targets: readonly number[]): Promise<Network> {
  const links = new Set<readonly [Socket, Socket]>();
  let cut = false;
  const join = (near: Socket, port: number): void => {
    const far = connect(port, '127.0.0.1');
    const link = [near, far] as const;
    links.add(link);
    const end = (): void => {
      links.delete(link);
      near.destroy();
      far.destroy();
    };
    for (const [from, to] of [link, [far, near] as const]) {
      from.on('data', (data) => void to.write(data));
      from.on('close', end).on('error', end);
    }
    if (cut) for (const socket of link) socket.pause();
  };
  const servers: Server[] = [];
  const ports: number[] = [];
  for (const target of targets) {
    const port = await freePort();
    const server = createServer((socket) => join(socket, target));
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    servers.push(server);
    ports.push(port);
  }
  return {
    name,
    ports,
    kill: () => {
      cut = true;
      for (const link of links) for (const socket of link) socket.pause();
    },
    start: () => {
      cut = false;
      for (const link of links) for (const socket of link) socket.resume();
    },
    stop: () => {
      for (const server of servers) server.close();
      for (const link of links) for (const socket of link) socket.destroy();
    },
  };
}
