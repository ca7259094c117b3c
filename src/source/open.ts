/**
 * From a reference to the source it means. Each way is loaded when it is gone: what a registry takes is no matter
 * of an archive, and a third of the program.
 */

import type { ByteStream } from '../layer/byte-stream.ts';
import type { Reference } from '../oci/reference.ts';
import type { RegistryOptions } from './registry/options.ts';
import type { ImageSource } from './source.ts';

/** Where bare names are looked for. */
export type SourceChoice = 'auto' | 'local' | 'remote';

/** How images are opened; everything but `signal` may be left out. */
export interface OpenOptions extends RegistryOptions {
  readonly signal: AbortSignal;
  /** Default `auto`: a local daemon, else the registry. */
  readonly source?: SourceChoice;
  /** `os/architecture[/variant]`; default all. */
  readonly platform?: string;
  /** False: what refers to a registry's image without being in its index is not asked for. */
  readonly referrers?: boolean;
  /** Instead of the process's own. */
  readonly stdin?: ByteStream & { readonly isTTY?: boolean };
  /** Instead of the user's home folder. */
  readonly home?: string;
}

/** Opens what a reference means. @throws ScanError */
export async function openImage(reference: Reference, options: OpenOptions): Promise<ImageSource> {
  switch (reference.kind) {
    case 'name':
      return (await import('./open-named.ts')).openNamed(reference, options);
    case 'registry':
      return (await import('./registry.ts')).openRegistryImage(reference, options);
    case 'repositories':
      return (await import('./repositories.ts')).openRepositories(reference, options);
    case 'docker-daemon':
      return (await import('./docker-daemon.ts')).openDaemonImage({ engine: 'docker', ...reference }, options);
    case 'podman':
      return (await import('./docker-daemon.ts')).openDaemonImage({ engine: 'podman', ...reference }, options);
    case 'container':
      return (await import('./open-named.ts')).openContainer(reference, options);
    default:
      return (await import('./local.ts')).openLocal(reference, options);
  }
}
