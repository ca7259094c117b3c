/** The first steps of a proof: what writes a stored blob to standard output, wherever the image is from. */

import type { Reference } from '../oci/reference.ts';
import type { ImageRecord } from '../source/source.ts';
import { quote, tarName } from './proof-shell.ts';

/** Where an image is from, as the user named it. */
export type ProofPlace = Reference;

/** Commands, piped one into the other, that write the blob of that key; undefined where its source can't be asked again. */
export function storedBlob(place: ProofPlace, record: ImageRecord, key: string): string[] | undefined {
  const { namePrefix: prefix = '' } = record;
  // The second of two entries of one name.
  if (/#\d+$/.test(key)) return undefined;
  switch (record.source) {
    case 'registry': {
      const command = fromRegistry(record, key);
      return command === undefined ? undefined : [command];
    }
    case 'oci':
      return 'path' in place ? [`cat ${quotePath(`${place.path.replace(/\/$/, '')}/${key}`)}`] : undefined;
    case 'docker-archive':
    case 'oci-archive':
    case 'stdin':
      return archived(place, tarName(prefix + key));
    case 'docker-daemon':
    case 'podman':
      return saved(record, tarName(prefix + key));
  }
}

/** Commands that write a manifest or index, by its digest or `index.json`; undefined where its source can't be asked again. */
export function storedManifest(place: ProofPlace, record: ImageRecord, document: string): string[] | undefined {
  if (record.source !== 'registry') {
    const [, hex] = /^sha256:([0-9a-f]{64})$/.exec(document) ?? [];
    if (hex === undefined && document !== 'index.json') return undefined;
    return storedBlob(place, record, hex === undefined ? document : `blobs/sha256/${hex}`);
  }
  if (record.access === undefined) return undefined;
  const { repository, openUrl } = record.access;
  if (openUrl === undefined) return [`crane manifest ${quote(`${repository}@${document}`)}`];
  // A registry hides what the one who asks does not say to understand.
  return [`curl -fsSL -H ${quote(`Accept: ${manifestTypes.join(', ')}`)} ${quote(`${openUrl}/manifests/${document}`)}`];
}

const manifestTypes = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.docker.distribution.manifest.v2+json',
];

function fromRegistry({ access }: ImageRecord, digest: string): string | undefined {
  if (access === undefined) return undefined;
  const { repository, openUrl } = access;
  // crane has the user's credentials; where none are wanted, everybody has curl.
  if (openUrl === undefined) return `crane blob ${quote(`${repository}@${digest}`)}`;
  return `curl -fsSL ${quote(`${openUrl}/blobs/${digest}`)}`;
}

function archived(place: ProofPlace, names: string): string[] {
  // Standard input is to be given once more.
  return [`tar -xOf ${'path' in place ? quotePath(place.path) : '-'} ${names}`];
}

/** By its id, which is a digest: a tag may mean another image by now, and a container has none. */
function saved({ source, imageId }: ImageRecord, names: string): string[] | undefined {
  if (imageId === undefined) return undefined;
  return [`${source === 'podman' ? 'podman' : 'docker'} save ${quote(imageId)}`, `tar -xOf - ${names}`];
}

/** A path of this machine; a leading `~/` is the shell's to understand. */
function quotePath(path: string): string {
  if (path.startsWith('~/')) return `~/${quote(path.slice(2))}`;
  return quote(path.startsWith('-') ? `./${path}` : path);
}
