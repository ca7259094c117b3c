/** An OCI layout served as a registry on the loopback interface, from a process of its own accord: what is measured is the client. */

import { createReadStream, existsSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pipeline } from 'node:stream';

/** A registry that holds one image, `bench:1`. */
export interface LayoutServer {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  /** Bytes of blobs served since the start. */
  readonly blobBytes: () => number;
  readonly close: () => void;
}

const manifestType = 'application/vnd.oci.image.manifest.v1+json';

/** Serves the layout's manifest of this digest. */
export async function serveLayout(folder: string, manifestDigest: string): Promise<LayoutServer> {
  let blobBytes = 0;
  const fileOf = (digest: string): string => join(folder, 'blobs', digest.replace(':', '/'));
  const server = createServer((request, response) => {
    const [, kind, name = ''] = /^\/v2\/bench\/(manifests|blobs)\/([\w:.-]+)$/.exec(request.url ?? '') ?? [];
    const digest = name === '1' ? manifestDigest : name;
    if (request.url === '/v2/') response.end('{}');
    else if (kind === undefined || !/^sha256:[0-9a-f]{64}$/.test(digest) || !existsSync(fileOf(digest))) {
      response.writeHead(404).end('{"errors":[{"code":"NOT_FOUND"}]}');
    } else if (kind === 'manifests') {
      const bytes = readFileSync(fileOf(digest));
      response.writeHead(200, {
        'content-type': manifestType,
        'content-length': bytes.length,
        'docker-content-digest': digest,
      });
      response.end(request.method === 'HEAD' ? undefined : bytes);
    } else {
      const { size } = statSync(fileOf(digest));
      blobBytes += size;
      response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': size });
      pipeline(createReadStream(fileOf(digest), { highWaterMark: 256 * 1024 }), response, () => {});
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    blobBytes: () => blobBytes,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
