/** A server on the loopback that remembers all it is sent, heads and bodies, for tests of who gets to see what. */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request as it came. */
export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** A running server. */
export interface Witness {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  readonly seen: readonly Seen[];
  /** Everything it was sent, as one text; what Basic has encoded is in it in the clear too. */
  text(): string;
  close(): Promise<void>;
}

/** Starts one; without an answer of the test's own it says 404. */
export async function startWitness(
  answer: (seen: Seen, response: ServerResponse) => unknown = (_, response) => response.writeHead(404).end(),
): Promise<Witness> {
  const seen: Seen[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { method = '', url: path = '', headers } = request;
    const one = { method, path, headers, body: Buffer.concat(chunks).toString() };
    seen.push(one);
    answer(one, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    text: () => seen.map((one) => JSON.stringify(one) + decoded(one.headers)).join('\n'),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function decoded(headers: IncomingMessage['headers']): string {
  return [headers.authorization, headers['proxy-authorization']]
    .map((value) => Buffer.from((value ?? '').replace(/^\w+ /, ''), 'base64').toString())
    .join(' ');
}
