/**
 * Layers that a registry need not hold (image-spec layer.md, "Non-Distributable Layers"): Windows' base layers,
 * mostly. The addresses their descriptors name are anybody's word: they are asked only if the user wants it, as
 * nobody, over https, and what comes must have the digest all the same.
 */

import { ScanError } from '../../errors.ts';
import type { ByteStream } from '../../layer/byte-stream.ts';
import { type BlobPointer, openBlob } from './blob.ts';
import type { RepositoryClient } from './client.ts';

/** So many addresses of one layer are tried. */
const mostAddresses = 5;

/** A layer, and the addresses where it may be besides the registry. */
export interface LayerPointer extends BlobPointer {
  readonly urls: readonly string[];
}

/** Opens a layer at the registry, or where its descriptor says. @throws ScanError */
export async function openLayer(
  client: RepositoryClient,
  layer: LayerPointer,
  signal: AbortSignal,
): Promise<ByteStream> {
  try {
    return await openBlob(client, layer, signal);
  } catch (error) {
    if (!(error instanceof ScanError) || error.code !== 'BLOB_MISSING' || layer.urls.length === 0) throw error;
    if (!client.foreignLayers) throw notAsked(client, layer, error);
    return openElsewhere(client, layer, signal);
  }
}

async function openElsewhere(
  client: RepositoryClient,
  { urls, ...blob }: LayerPointer,
  signal: AbortSignal,
): Promise<ByteStream> {
  const subject = `blob ${blob.digest}`;
  let failure = new ScanError('BLOB_MISSING', `${subject}: no address of this foreign layer is one of the web.`, {
    subject,
  });
  for (const text of urls.slice(0, mostAddresses)) {
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (url === undefined || !(url.protocol === 'https:' || (url.protocol === 'http:' && client.isPlain))) continue;
    url.username = '';
    url.password = '';
    const { timeoutMs, retryDelayMs } = client;
    const holder = { host: url.host, timeoutMs, retryDelayMs };
    try {
      return await openBlob(
        { ...holder, getBlob: ({ headers, signal }) => client.getForeign(url, { headers, signal }) },
        blob,
        signal,
      );
    } catch (error) {
      if (!(error instanceof ScanError)) throw error;
      failure = error;
    }
  }
  throw failure;
}

function notAsked({ host }: RepositoryClient, { digest, urls }: LayerPointer, cause: ScanError): ScanError {
  const subject = `blob ${digest}`;
  const hosts = urls.slice(0, mostAddresses).map((url) => (URL.canParse(url) ? new URL(url).host : '?'));
  return new ScanError(
    'BLOB_MISSING',
    `${subject}: ${host} leaves this foreign layer to ${[...new Set(hosts)].join(', ')}; --foreign-layers fetches it there.`,
    { subject, cause },
  );
}
