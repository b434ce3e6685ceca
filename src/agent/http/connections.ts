import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/** Connections open at once: many times what scrapers and browsers need, and little memory. */
export const MOST_CONNECTIONS = 128;

/**
 * Bounds the connections of a server. When there are too many, the one that has been quiet for longest gives way to the
 * newcomer, so that idle connections, however many, keep nobody out.
 *
 * @param spared connections that are quiet for a good reason.
 */
export function boundConnections(server: Server, spared: (socket: Socket) => boolean): void {
  // In the order of their last request: a Set keeps insertion order.
  const sockets = new Set<Socket>();
  const touch = (socket: Socket): void => {
    if (sockets.delete(socket)) sockets.add(socket);
  };
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    if (sockets.size <= MOST_CONNECTIONS) return;
    for (const candidate of sockets) {
      if (spared(candidate)) continue;
      candidate.destroy();
      break;
    }
  });
  server.on('request', ({ socket }) => touch(socket));
}
