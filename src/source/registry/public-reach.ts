/**
 * Whether an image is there for everybody: its manifest is asked for once, as nobody, without credentials and
 * without a client's certificate. HEAD, because Docker Hub counts a GET as a pull.
 */

import { ScanError } from '../../errors.ts';
import { manifestMediaTypes } from '../../oci/media-type.ts';
import type { PublicReach } from '../source.ts';
import type { RepositoryClient } from './client.ts';
import { discard } from './transport.ts';

/** Asks a repository's registry, as nobody, for a manifest by its digest. */
export async function checkPublic(client: RepositoryClient, digest: string, signal: AbortSignal): Promise<PublicReach> {
  const { host: registry } = client;
  const nobody = client.asNobody();
  try {
    const answer = await nobody.get({
      method: 'HEAD',
      path: `manifests/${digest}`,
      headers: { accept: manifestMediaTypes.join(', ') },
      subject: `manifest ${digest}`,
      notFound: 'IMAGE_NOT_FOUND',
      signal,
    });
    await discard(answer);
    const message = `Anyone who can reach ${registry} can pull this image without credentials right now.`;
    return { registry, public: 'yes', message };
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof ScanError)) throw error;
    // Many registries deny that an image is there to whom they would not give it.
    if (error.code === 'AUTH_DENIED' || error.code === 'IMAGE_NOT_FOUND') {
      return { registry, public: 'no', message: `${registry} gives this image to nobody without credentials.` };
    }
    const message = `Whether anyone can pull this image without credentials could not be told: ${error.message}`;
    return { registry, public: 'unknown', message };
  } finally {
    nobody.close();
  }
}
