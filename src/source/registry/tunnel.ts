/**
 * TLS through a proxy: CONNECT (RFC 9110, 9.3.6), then the handshake with the registry itself, so that the
 * proxy sees names and sizes and nothing else. What the proxy is told to let us through goes to it alone.
 */

import { request as httpRequest, type IncomingMessage } from 'node:http';
import { type AgentOptions, Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { Duplex } from 'node:stream';
import { type SecureContext, connect as tlsConnect } from 'node:tls';
import { hostName } from './address.ts';
import { registryLimits } from './options.ts';
import { type ProxyServer, proxyFailure, proxyRefusal } from './proxy.ts';

/** Connections to one host through a proxy. */
export interface TunnelOptions extends AgentOptions {
  readonly proxy: ProxyServer;
  readonly timeoutMs: number;
  readonly secureContext: SecureContext;
}

/** An agent whose connections go through a proxy. */
export class TunnelAgent extends HttpsAgent {
  readonly #options: TunnelOptions;

  constructor(options: TunnelOptions) {
    super(options);
    this.#options = options;
  }

  override createConnection(
    { host = '', port, servername }: { host?: string | null; port?: string | number | null; servername?: string },
    callback?: (error: Error | null, stream: Duplex) => void,
  ): undefined {
    const { secureContext, rejectUnauthorized = true } = this.#options;
    const name = host ?? '';
    const fail = (error: unknown): void => callback?.(error as Error, undefined as unknown as Duplex);
    openTunnel(this.#options, name.includes(':') ? `[${name}]:${port}` : `${name}:${port}`).then((socket) => {
      const secure = tlsConnect({
        socket,
        host: name,
        ...(servername === undefined ? {} : { servername }),
        secureContext,
        rejectUnauthorized,
      });
      callback?.(null, secure);
    }, fail);
  }
}

function openTunnel({ proxy, timeoutMs }: TunnelOptions, target: string): Promise<Duplex> {
  const { url, authorization } = proxy;
  const tls = url.protocol === 'https:';
  return new Promise((resolve, reject) => {
    const outgoing = (tls ? httpsRequest : httpRequest)({
      method: 'CONNECT',
      host: hostName(url.host),
      port: url.port === '' ? (tls ? 443 : 80) : Number(url.port),
      path: target,
      headers: { host: target, ...(authorization === undefined ? {} : { 'proxy-authorization': authorization }) },
      maxHeaderSize: registryLimits.headerBytes,
      agent: false,
      timeout: timeoutMs,
    });
    outgoing.once('connect', (answer: IncomingMessage, socket: Duplex) => {
      if (answer.statusCode === 200) return resolve(socket);
      socket.destroy();
      reject(proxyRefusal(proxy, answer.statusCode ?? 0, target));
    });
    outgoing.once('response', (answer) => {
      answer.destroy();
      reject(proxyRefusal(proxy, answer.statusCode ?? 0, target));
    });
    outgoing.once('timeout', () => outgoing.destroy(new Error('it did not answer in time')));
    outgoing.once('error', (error) => reject(proxyFailure(proxy, error)));
    outgoing.end();
  });
}
