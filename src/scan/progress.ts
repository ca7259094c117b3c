/** What a scan tells of its progress while it runs: events for whoever draws them; a scan works the same without a listener. */

/** One step of a scan. */
export type ProgressEvent =
  /** A reference is looked for. */
  | { readonly kind: 'opening'; readonly reference: string }
  /** It was found; `title` says where and what, `layers` how many blobs there are, where that is known. */
  | { readonly kind: 'resolved'; readonly reference: string; readonly title: string; readonly layers?: number }
  /** Nothing comes for now, and for this reason: `the docker daemon prepares the archive`. */
  | { readonly kind: 'waiting'; readonly reason: string }
  /** A blob is being scanned; `sizeBytes` as it was declared. */
  | { readonly kind: 'blob-start'; readonly key: string; readonly sizeBytes?: number }
  /** So many more bytes were read, as they are stored. */
  | { readonly kind: 'bytes'; readonly bytes: number }
  /** A blob is done; `cached` where an earlier scan did. */
  | { readonly kind: 'blob-end'; readonly key: string; readonly cached?: boolean }
  /** Something the user should hear, one sentence. */
  | { readonly kind: 'remark'; readonly message: string }
  /** All blobs of the reference are done, or it failed. */
  | { readonly kind: 'closed'; readonly reference: string };

/** Receives the events of a scan, in order; must not throw. */
export type ScanProgress = (event: ProgressEvent) => void;

/** Listens to nothing. */
export const noProgress: ScanProgress = () => {};
