import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { expect, test } from 'vitest';
import { LiveClients } from '../../src/agent/http/live.ts';

test('a follower who does not read is dropped rather than remembered', async () => {
  const clients = new LiveClients();
  const server = createServer((_, response) => clients.add(response, {})).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.pause().write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await expect.poll(() => clients.size).toBe(1);
  const long = 'x'.repeat(100_000);
  for (let i = 0; i < 500 && clients.size > 0; i++) {
    clients.tell('sample', long);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(clients.size).toBe(0);
  socket.destroy();
  server.close();
});
