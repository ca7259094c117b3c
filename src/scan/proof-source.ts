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
      const command = fromRegistry(record, 'blob', key);
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
      return saved(place, record.source, tarName(prefix + key));
  }
}

/** Documents of the image, by their names in archives; the index and the manifest of an image. */
export function storedManifests(place: ProofPlace, record: ImageRecord): string[] | undefined {
  const { manifestDigest } = record;
  if (manifestDigest === undefined) return undefined;
  const { namePrefix: prefix = '' } = record;
  const path = `${prefix}blobs/${manifestDigest.replace(':', '/')}`;
  switch (record.source) {
    case 'registry': {
      const { access } = record;
      const command = fromRegistry(record, 'manifest', manifestDigest);
      if (command === undefined || access === undefined) return undefined;
      const top = place.kind === 'registry' || place.kind === 'name' ? place.name : undefined;
      const tagged = top?.digest ?? top?.tag;
      if (tagged === undefined || tagged === manifestDigest) return [command];
      return [`{ ${fromRegistry(record, 'manifest', tagged)}; ${command}; }`];
    }
    case 'oci': {
      if (!('path' in place)) return undefined;
      const folder = place.path.replace(/\/$/, '');
      return [`cat ${quotePath(`${folder}/index.json`)} ${quotePath(`${folder}/${path}`)}`];
    }
    case 'docker-archive':
    case 'oci-archive':
    case 'stdin':
      return archived(place, `${prefix}index.json ${path}`);
    default:
      return saved(place, record.source, `index.json ${path}`);
  }
}

function fromRegistry({ access }: ImageRecord, what: 'blob' | 'manifest', key: string): string | undefined {
  if (access === undefined) return undefined;
  const { repository, openUrl } = access;
  if (openUrl === undefined) return `crane ${what} ${quote(`${repository}${key.includes(':') ? '@' : ':'}${key}`)}`;
  if (what === 'blob') return `curl -fsSL ${quote(`${openUrl}/blobs/${key}`)}`;
  return `curl -fsSL -H ${quote(`Accept: ${manifestTypes}`)} ${quote(`${openUrl}/manifests/${key}`)}`;
}

const manifestTypes = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ');

function archived(place: ProofPlace, names: string): string[] {
  // Standard input is to be given once more.
  return [`tar -xOf ${'path' in place ? quotePath(place.path) : '-'} ${names}`];
}

function saved(place: ProofPlace, source: 'docker-daemon' | 'podman', names: string): string[] | undefined {
  if (!('ref' in place)) return undefined;
  const engine = source === 'podman' ? 'podman' : 'docker';
  const ref = quote(place.ref);
  const image = place.kind === 'container' ? `"$(${engine} inspect --format '{{.Image}}' ${ref})"` : ref;
  return [`${engine} save ${image}`, `tar -xOf - ${names}`];
}

/** A path of this machine; a leading `~/` is the shell's to understand. */
function quotePath(path: string): string {
  if (path.startsWith('~/')) return `~/${quote(path.slice(2))}`;
  return quote(path.startsWith('-') ? `./${path}` : path);
}
