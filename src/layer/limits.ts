/** What a layer may make us spend: every bound of this stage in one place. Plain data, so that a worker can be told it. */

/** Bounds on what is decompressed, kept in memory or opened. */
export interface LayerLimits {
  /** Bytes the blob may decompress to. */
  readonly uncompressedBytes: number;
  /** Bytes of one PAX header or GNU long name; Go's archive/tar, which Docker reads layers with, stops at 1 MiB too. */
  readonly metadataBytes: number;
  /** How far back a zstd frame or an xz stream may look; it is memory. Inside another stream it is half of that one's. */
  readonly zstdWindowBytes: number;
  /** Bytes of a git pack that are kept for its deltas until it ends; it is memory. */
  readonly keptPackBytes: number;
  /** Archives in archives that are opened; what is wrapped around one (gzip, xz, a package) counts with it. */
  readonly depth: number;
  /** Decompressed bytes of one member of a nested archive. */
  readonly memberBytes: number;
  /** Decompressed bytes of all members of one file. */
  readonly fileBytes: number;
  /** Decompressed bytes of all members of all files of the layer. */
  readonly layerBytes: number;
  /** Members opened in one file, at all depths together. */
  readonly members: number;
  /** Streams behind each other in one compressed file: each costs, however little it holds. */
  readonly streams: number;
  /** Decompressed to compressed bytes, of one stream and of a whole file, asked once it has given 32 MiB. */
  readonly ratio: number;
  /** Diagnostics given out singly; those beyond are counted. */
  readonly diagnostics: number;
}

const MiB = 1024 * 1024;
const GiB = 1024 * MiB;

/** Generous for honest images: a bomb costs seconds, and never memory. */
export const defaultLimits: LayerLimits = {
  uncompressedBytes: 1024 * GiB,
  metadataBytes: MiB,
  zstdWindowBytes: 128 * MiB,
  keptPackBytes: 256 * MiB,
  depth: 4,
  memberBytes: 2 * GiB,
  fileBytes: 4 * GiB,
  layerBytes: 32 * GiB,
  members: 1_000_000,
  streams: 200_000,
  ratio: 500,
  diagnostics: 200,
};
