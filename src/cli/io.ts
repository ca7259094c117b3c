/** What a command has of the outside world, so that a test can be one. */

/** The streams of a command. */
export interface CommandIo {
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
}

/** One of them. */
export interface OutputStream {
  readonly write: (text: string) => void;
  readonly isTTY: boolean;
  /** Columns to write for: the terminal's, or a fixed number where it is none. */
  readonly columns: number;
}

/** True where colour codes are to be written to the stream. */
export function colorOf(stream: OutputStream, options: { readonly noColor: boolean }): boolean {
  return stream.isTTY && !options.noColor;
}
