/** The names of the formats there are: the command line knows them before any reporter is loaded. */

/** Formats of `whichlayer scan`. */
export const scanFormats = ['table', 'json'] as const;

/** Formats of `whichlayer env`. */
export const envFormats = ['table', 'json'] as const;
