/** From what the user wrote to what is scanned: references of the command line and of lists, and the one password for them. */

import { readFile } from 'node:fs/promises';
import { messageOf, ScanError } from '../errors.ts';
import { parseReference, type Reference } from '../oci/reference.ts';
import type { Target } from '../scan/run.ts';
import { openImage } from '../source/open.ts';
import type { Credentials } from '../source/registry/options.ts';
import type { LowArgs } from './flags.ts';

/** @throws ScanError CONFIG_INVALID */
async function checkAuthorities(files: readonly string[]): Promise<void> {
  const [{ readAuthorities }, { surroundingsOf }] = await Promise.all([
    import('../source/registry/tls-material.ts'),
    import('../source/registry/surroundings.ts'),
  ]);
  for (const file of files) readAuthorities(file, surroundingsOf());
}

/** What a run looks at. */
export interface Targets {
  readonly images: readonly Target[];
  /** What they may be built upon. */
  readonly bases: readonly Target[];
}

/**
 * The images to look at. Every reference is read before the first image is opened: a mistake in the last one must not cost
 * the scan of the first. @throws ScanError REFERENCE_INVALID, USAGE_INVALID, CONFIG_INVALID
 */
export async function targetsOf(operands: readonly string[], options: LowArgs): Promise<Targets> {
  const listed = options.imagesFrom === undefined ? [] : await readList(options.imagesFrom);
  if (options.caFile.length > 0) await checkAuthorities(options.caFile);
  const credentials = await credentialsOf(options);
  const written = [...operands, ...listed].map(parseReference);
  const references = options.allTags ? written.map(wholeRepository) : written;
  if (credentials !== undefined) checkOneHost(references);
  const hosts = new Set(references.map(hostOf));
  const targetOf = (reference: Reference): Target => {
    const { text } = reference;
    const open: Target['open'] = (signal) =>
      openImage(reference, {
        signal,
        source: options.source,
        insecureRegistries: options.insecureRegistry,
        referrers: !options.noReferrers,
        caFiles: options.caFile,
        allowHosts: options.allowHost,
        foreignLayers: options.foreignLayers,
        instanceCredentials: options.instanceCredentials,
        ...(options.platform === undefined ? {} : { platform: options.platform }),
        // Those for the images' registry are for no other.
        ...(credentials === undefined || !hosts.has(hostOf(reference)) ? {} : { credentials }),
      });
    return { text, reference, open };
  };
  if (references.length === 0) throw new ScanError('USAGE_INVALID', `No image is listed in ${options.imagesFrom}.`);
  return { images: references.map(targetOf), bases: options.base.map(parseReference).map(targetOf) };
}

async function credentialsOf({ passwordStdin, username, registryToken }: LowArgs): Promise<Credentials | undefined> {
  if (registryToken !== undefined) {
    // It goes into a header: printable, without spaces.
    if (/^[\x21-\x7e]+$/.test(registryToken)) return { registryToken };
    throw new ScanError('USAGE_INVALID', '--registry-token is no token: it holds what no header can.', {
      subject: '--registry-token',
    });
  }
  return passwordStdin && username !== undefined ? { username, password: await readPassword() } : undefined;
}

/** The repository instead of one image of it. @throws ScanError USAGE_INVALID */
function wholeRepository(reference: Reference): Reference {
  if (reference.kind === 'repositories') return reference;
  const { text } = reference;
  const name = 'name' in reference ? reference.name : undefined;
  if (name === undefined) {
    throw new ScanError('USAGE_INVALID', `--all-tags is for repositories of a registry, and ${text} is none.`, {
      subject: text,
      hint: 'Every image of an archive or a layout is scanned anyway.',
    });
  }
  if (name.digest !== undefined || (name.tag !== undefined && text.endsWith(`:${name.tag}`))) {
    throw new ScanError('USAGE_INVALID', `--all-tags is for repositories, and ${text} is one image.`, {
      subject: text,
      hint: 'Leave the tag or digest out.',
    });
  }
  return { kind: 'repositories', text, host: name.host, repository: name.repository, tag: '*' };
}

function hostOf(reference: Reference): string | undefined {
  if (reference.kind === 'repositories') return reference.host;
  return 'name' in reference ? reference.name?.host : undefined;
}

/** A password belongs to one registry: with images of several, it would be offered to all of them. */
function checkOneHost(references: readonly Reference[]): void {
  const hosts = new Set(references.flatMap((reference) => hostOf(reference) ?? []));
  if (hosts.size <= 1) return;
  throw new ScanError(
    'USAGE_INVALID',
    `--username and --registry-token are for one registry, and the images are on ${[...hosts].join(' and ')}.`,
    {
      hint: 'Scan the images of each registry in a call of its own.',
    },
  );
}

async function readList(path: string): Promise<string[]> {
  try {
    const text = path === '-' ? await readStandardInput() : await readFile(path, 'utf8');
    return text
      .split(/\r?\n/u)
      .map((line) => line.trim())
      .filter((line) => line !== '' && !line.startsWith('#'));
  } catch (error) {
    throw new ScanError('USAGE_INVALID', `The list of images ${path} can't be read: ${messageOf(error)}.`, {
      cause: error,
    });
  }
}

async function readPassword(): Promise<string> {
  return (await readStandardInput()).replace(/\r?\n$/u, '');
}

async function readStandardInput(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
