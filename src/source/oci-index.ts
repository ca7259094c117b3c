/**
 * `index.json` of an OCI layout (image-spec image-layout.md) and the indexes inside it. Each manifest is
 * checked against its descriptor. An index lists more than a place holds (other platforms of an image
 * saved for one): that is said, and is no hole as long as a sibling is there.
 */

import { type Diagnostic, notice, ScanError } from '../errors.ts';
import type { Descriptor, Platform } from '../oci/descriptor.ts';
import { shortDigest } from '../oci/digest.ts';
import {
  attestedDigest,
  type ImageIndex,
  type ImageManifest,
  isAttestation,
  isImage,
  parseManifest,
  subjectOfTag,
} from '../oci/manifest.ts';
import { formatPlatform, matchesPlatform } from '../oci/platform.ts';
import { blobPath } from './archive-path.ts';
import { annotationsOf, toAnnotations } from './attachment.ts';
import { cacheManifestOf } from './build-cache.ts';
import type { Candidates, Failure, ImageCandidate } from './image-candidate.ts';
import type { Annotation } from './source.ts';
import { readDescribed, type StoredContent } from './stored-content.ts';

const maxDepth = 8;
const maxManifests = 10_000;

/** An index entry on its way down, with what the entries above it said. */
interface Step {
  readonly descriptor: Descriptor;
  readonly names: readonly string[];
  readonly position: number;
  readonly depth: number;
  /** The indexes above it, outermost first. */
  readonly above: readonly string[];
  readonly annotations: readonly Annotation[];
}

/** Every image an `index.json` leads to, narrowed to a platform if one is asked for. @throws ScanError MANIFEST_INVALID, LIMIT_EXCEEDED */
export async function readOciIndex(
  bytes: Uint8Array,
  content: StoredContent,
  platform: Platform | undefined,
): Promise<Candidates> {
  const root = parseManifest(bytes, 'index.json', 'application/vnd.oci.image.index.v1+json');
  const images: ImageCandidate[] = [];
  const failures: Failure[] = [];
  const diagnostics: Diagnostic[] = [];
  const attached: Attachable[] = [];
  const seen = new Set<string>();
  /** Digests of platforms that were not asked for. */
  const others = new Set<string>();
  const overrun = tooMuch();
  let read = 0;

  const visit = async (step: Step): Promise<'found' | 'absent' | 'other'> => {
    const { descriptor, names, position } = step;
    const about = aboutOf(step);
    const isOther =
      platform !== undefined && descriptor.platform !== undefined && !matchesPlatform(descriptor.platform, platform);
    if (isOther && about === undefined) {
      others.add(descriptor.digest);
      return 'other';
    }
    const key = JSON.stringify([position, descriptor.digest, names, about]);
    if (seen.has(key)) return 'found';
    seen.add(key);
    if (++read > maxManifests || step.depth > maxDepth) throw overrun;
    try {
      const document = await readDescribed(content, descriptor);
      if (document === undefined) return 'absent';
      const manifest = parseManifest(document, descriptor.digest, descriptor.mediaType || undefined);
      if (manifest.kind === 'index') {
        const cache = cacheManifestOf(manifest);
        if (cache !== undefined) images.push(toCandidate(cache, step));
        else await visitAll(manifest, step);
      } else {
        const subject = about ?? manifest.subject;
        const candidate = toCandidate(manifest, step);
        if (subject === undefined) images.push(candidate);
        else attached.push({ subject, manifest, candidate });
      }
    } catch (error) {
      if (!(error instanceof ScanError) || error === overrun) throw error;
      failures.push({ name: names[0] ?? describe(descriptor), names, positions: [position], error });
    }
    return 'found';
  };

  const visitAll = async (index: ImageIndex, above: Step | undefined): Promise<void> => {
    const absent: Step[] = [];
    const document = above?.descriptor.digest ?? 'index.json';
    let found = false;
    for (const [at, descriptor] of index.manifests.entries()) {
      const own = namesOf(descriptor);
      const step = {
        descriptor,
        names: own.length > 0 ? own : (above?.names ?? []),
        position: above?.position ?? at,
        depth: (above?.depth ?? 0) + 1,
        above: above === undefined ? [] : [...above.above, above.descriptor.digest],
        annotations: [
          ...(above?.annotations ?? []),
          ...toAnnotations(index.annotations, document),
          ...toAnnotations(descriptor.annotations, document),
        ],
      };
      const outcome = await visit(step);
      if (outcome === 'found') found = true;
      if (outcome === 'absent') absent.push(step);
    }
    for (const { descriptor, names, position } of absent) {
      const message = `The index lists ${describe(descriptor)}, which is not in this place.`;
      if ((found && above !== undefined) || isAttestation(descriptor)) {
        diagnostics.push(notice('BLOB_MISSING', describe(descriptor), message));
      } else {
        const error = new ScanError('BLOB_MISSING', message, { subject: descriptor.digest });
        failures.push({ name: names[0] ?? describe(descriptor), names, positions: [position], error });
      }
    }
  };

  if (root.kind === 'index') await visitAll(root, undefined);
  const wanted = attached.filter(({ subject }) => !others.has(subject));
  return { images: attach(merge(images), wanted), failures, diagnostics };
}

/** A manifest that is about another. */
interface Attachable {
  readonly subject: string;
  readonly manifest: ImageManifest;
  readonly candidate: ImageCandidate;
}

/** The digest that an entry is about: BuildKit's annotation, or a tag as cosign and the referrers tag schema write them. */
function aboutOf({ descriptor, names }: Step): string | undefined {
  if (isAttestation(descriptor)) return attestedDigest(descriptor);
  return names
    .map((name) => subjectOfTag(name.slice(name.lastIndexOf(':') + 1)))
    .find((digest) => digest !== undefined);
}

/** Gives attachments to their images; what is about something that is not here goes to its sibling, or stands for itself. */
function attach(images: readonly ImageCandidate[], attached: readonly Attachable[]): readonly ImageCandidate[] {
  const manifests = new Map<string, ImageManifest[]>();
  const strays: ImageCandidate[] = [];
  const known = new Set(
    [...images, ...attached.map(({ candidate }) => candidate)].flatMap(({ digests = [] }) => digests),
  );
  for (const { subject, manifest, candidate } of attached) {
    const sibling = images.find(({ family }) => family !== undefined && family === candidate.family);
    const to = known.has(subject) ? subject : sibling?.manifestDigest;
    if (to !== undefined) manifests.set(to, [...(manifests.get(to) ?? []), manifest]);
    else strays.push({ ...candidate, artifact: manifest });
  }
  // A signature on an SBOM goes where the SBOM goes.
  const digestOf = new Map(attached.map(({ manifest, candidate }) => [manifest, candidate.manifestDigest]));
  const allAbout = (digests: readonly string[], depth: number): ImageManifest[] =>
    digests.flatMap((digest) =>
      (manifests.get(digest) ?? []).flatMap((manifest) => {
        const own = digestOf.get(manifest);
        return [manifest, ...(own === undefined || depth >= maxDepth ? [] : allAbout([own], depth + 1))];
      }),
    );
  return [...images.map((image) => ({ ...image, attached: allAbout(image.digests ?? [], 1) })), ...strays];
}

/** One manifest under several names, or in several indexes, is one image. */
function merge(images: readonly ImageCandidate[]): readonly ImageCandidate[] {
  const merged = new Map<string | undefined, ImageCandidate>();
  for (const image of images) {
    const known = merged.get(image.manifestDigest);
    const names = [...new Set([...(known?.names ?? []), ...image.names])];
    const positions = [...new Set([...(known?.positions ?? []), ...image.positions])];
    const digests = [...new Set([...(known?.digests ?? []), ...(image.digests ?? [])])];
    merged.set(image.manifestDigest, { ...(known ?? image), names, positions, digests });
  }
  return [...merged.values()];
}

function toCandidate(manifest: ImageManifest, step: Step): ImageCandidate {
  const { descriptor, names, position, above } = step;
  const family = above.at(-1);
  const isArtifact = !isImage(manifest);
  const { platform } = descriptor;
  return {
    names,
    positions: [position],
    manifestDigest: descriptor.digest,
    ...(platform === undefined || platform.os === 'unknown' ? {} : { platform }),
    config: { path: blobPath(manifest.config.digest), digest: manifest.config.digest, sizeBytes: manifest.config.size },
    layers: manifest.layers.map((layer) => ({
      path: blobPath(layer.digest),
      mediaType: layer.mediaType,
      digest: layer.digest,
      sizeBytes: layer.size,
    })),
    digests: [descriptor.digest, ...above],
    ...(family === undefined ? {} : { family }),
    annotations: [...step.annotations, ...annotationsOf(manifest, descriptor.digest)],
    ...(isArtifact ? { artifact: manifest } : {}),
  };
}

/** The names annotations give: containerd's full one, and what the image spec calls the reference, often a bare tag. */
function namesOf(descriptor: Descriptor): readonly string[] {
  const { annotations } = descriptor;
  const full = annotations?.['io.containerd.image.name'];
  const name = annotations?.['org.opencontainers.image.ref.name'];
  return [...new Set([full, name])].filter((text): text is string => text !== undefined && text !== '');
}

function describe(descriptor: Descriptor): string {
  const { platform, digest } = descriptor;
  return `${platform === undefined ? 'manifest' : formatPlatform(platform)} ${shortDigest(digest)}`;
}

function tooMuch(): ScanError {
  return new ScanError(
    'LIMIT_EXCEEDED',
    `The index leads to more than ${maxManifests} manifests, or ${maxDepth} levels down.`,
    {
      subject: 'index.json',
    },
  );
}
