/** Which reader reads which kind of packed content. */

import { ArReader } from './ar-reader.ts';
import { AsarReader } from './asar-reader.ts';
import { BareReader } from './bare-reader.ts';
import { CompressedReader } from './compressed-reader.ts';
import { CpioReader } from './cpio-reader.ts';
import { GitBundleReader } from './git-bundle-reader.ts';
import { GitLooseReader } from './git-loose-reader.ts';
import { GitPackReader, gitHashOf } from './git-pack-reader.ts';
import { GzipReader } from './gzip-reader.ts';
import { LevelDbLogReader } from './leveldb-log-reader.ts';
import type { LayerLimits } from './limits.ts';
import type { OpenedKind } from './magic.ts';
import type { InflateSettings, MemberSink, PackedReader } from './packed.ts';
import { RedisReader } from './redis-reader.ts';
import { RpmReader } from './rpm-reader.ts';
import { SqliteReader } from './sqlite-reader.ts';
import { TarReader } from './tar-reader.ts';
import { ZipReader } from './zip-reader.ts';

/** What a reader needs to know of the content it reads. */
export interface PackedContext {
  readonly settings: InflateSettings;
  readonly limits: LayerLimits;
  /** The name of the content. */
  readonly name: string;
}

/** A reader of packed content, which gives its members to the sink. */
export function openPacked(kind: OpenedKind, sink: MemberSink, context: PackedContext): PackedReader {
  const { settings, limits, name } = context;
  switch (kind) {
    case 'zip':
      return new ZipReader(sink, settings, limits.members);
    case 'tar':
      return new TarReader(sink, limits.metadataBytes);
    case 'cpio':
      return new CpioReader(sink);
    case 'asar':
      return new AsarReader(sink);
    case 'ar':
      return new ArReader(sink);
    case 'rpm':
      return new RpmReader(sink);
    case 'git-pack':
      return new GitPackReader(sink, gitHashOf(name), limits.keptPackBytes);
    case 'git-bundle':
      return new GitBundleReader(sink, limits.keptPackBytes);
    case 'git-loose':
      return new GitLooseReader(sink, gitHashOf(name));
    case 'bare':
      return new BareReader(sink, name);
    case 'sqlite':
      return new SqliteReader(sink);
    case 'leveldb-log':
      return new LevelDbLogReader(sink);
    case 'redis-dump':
      return new RedisReader(sink);
    case 'gzip':
      return new GzipReader(sink, settings, { fallbackName: unpackedName(name), mostMembers: limits.members });
    default:
      return new CompressedReader(sink, settings, {
        format: kind,
        memberName: unpackedName(name),
        mostStreams: limits.streams,
      });
  }
}

/** What compressed content is called where its header does not say. */
function unpackedName(name: string): string {
  const base = name.slice(name.lastIndexOf('/') + 1);
  return base.replace(/\.t(?:gz|bz2?|xz|zst|lz4?)$/i, '.tar').replace(/\.(?:gz|z|bz2|xz|lzma|zst|lz4)$/i, '') || base;
}
