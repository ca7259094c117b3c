/** Descriptors and platforms, as the OCI image spec writes them (descriptor.md, image-index.md). */

/** What a descriptor of an index says of the machine its image is for. */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
}

/** A typed, sized and digested pointer to content. */
export interface Descriptor {
  readonly mediaType: string;
  /** `algorithm:hex` of the content as it is stored. */
  readonly digest: string;
  /** Bytes of the content as it is stored. */
  readonly size: number;
  readonly platform?: Platform;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly artifactType?: string;
  readonly urls?: readonly string[];
}
