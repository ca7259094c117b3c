/**
 * A registry in memory on the loopback, for what a real one does not do on demand: faults. It serves
 * images as the distribution-spec says; a test's `intercept` answers instead where it wants to.
 */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type BuiltImage, sha256 } from './build-image.ts';

/** Answers a request instead of the registry and returns true, or lets it pass. */
export type Intercept = (request: IncomingMessage, response: ServerResponse) => boolean;

/** A running fake. */
export interface FakeRegistry {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  /** What was asked, in order. */
  readonly requests: readonly { readonly path: string; readonly headers: IncomingMessage['headers'] }[];
  /** Serves a manifest, under its digest and these tags; returns the digest. */
  putManifest(mediaType: string, body: string | Uint8Array, ...tags: readonly string[]): string;
  putBlob(bytes: Uint8Array): string;
  /** Serves an image with its blobs. */
  putImage(image: BuiltImage, ...tags: readonly string[]): string;
  intercept: Intercept | undefined;
  /** What refers to a digest; undefined where the registry has no referrers API. */
  referrers: ReadonlyMap<string, readonly object[]> | undefined;
  close(): Promise<void>;
}

/** Starts a registry on a free port. */
export async function startFakeRegistry(intercept?: Intercept): Promise<FakeRegistry> {
  const manifests = new Map<string, { mediaType: string; body: Buffer }>();
  const blobs = new Map<string, Buffer>();
  const requests: { path: string; headers: IncomingMessage['headers'] }[] = [];
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    requests.push({ path, headers: request.headers });
    if (registry.intercept?.(request, response)) return;
    const [, kind, name = ''] = /^\/v2\/.+\/(manifests|blobs)\/([^/]+)$/.exec(path) ?? [];
    const manifest = kind === 'manifests' ? manifests.get(name) : undefined;
    const [, referred] = /^\/v2\/.+\/referrers\/([^/?]+)$/.exec(path) ?? [];
    if (referred !== undefined && registry.referrers !== undefined) {
      response.writeHead(200, { 'content-type': 'application/vnd.oci.image.index.v1+json' });
      const manifests = registry.referrers.get(referred) ?? [];
      response.end(JSON.stringify({ schemaVersion: 2, manifests }));
      return;
    }
    const blob = kind === 'blobs' ? blobs.get(name) : undefined;
    if (manifest !== undefined) {
      response.writeHead(200, {
        'content-type': manifest.mediaType,
        'docker-content-digest': sha256(manifest.body),
      });
      response.end(manifest.body);
    } else if (blob !== undefined) {
      sendBlob(request, response, blob);
    } else {
      response.writeHead(404, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ errors: [{ code: kind === 'blobs' ? 'BLOB_UNKNOWN' : 'MANIFEST_UNKNOWN' }] }));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const registry: FakeRegistry = {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    intercept,
    referrers: undefined,
    putManifest(mediaType, body, ...tags) {
      const bytes = Buffer.from(body);
      const digest = sha256(bytes);
      for (const name of [digest, ...tags]) manifests.set(name, { mediaType, body: bytes });
      return digest;
    },
    putBlob(bytes) {
      const digest = sha256(bytes);
      blobs.set(digest, Buffer.from(bytes));
      return digest;
    },
    putImage(image, ...tags) {
      for (const { bytes } of image.layers) registry.putBlob(bytes);
      registry.putBlob(image.config);
      return registry.putManifest('application/vnd.oci.image.manifest.v1+json', image.manifest, ...tags);
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return registry;
}

function sendBlob(request: IncomingMessage, response: ServerResponse, blob: Buffer): void {
  const [, start] = /^bytes=(\d+)-$/.exec(request.headers.range ?? '') ?? [];
  const body = start === undefined ? blob : blob.subarray(Number(start));
  response.writeHead(start === undefined ? 200 : 206, {
    'content-length': body.length,
    ...(start === undefined ? {} : { 'content-range': `bytes ${start}-${blob.length - 1}/${blob.length}` }),
  });
  response.end(body);
}
