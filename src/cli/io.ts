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

/** Columns for a stream that is no terminal: a file or a pipe, read later by people and by `grep`. */
const plainColumns = 120;

/** The process's own streams. */
export function processIo(): CommandIo {
  return { stdout: streamOf(process.stdout), stderr: streamOf(process.stderr) };
}

function streamOf(stream: NodeJS.WriteStream): OutputStream {
  return {
    write: (text) => {
      stream.write(text);
    },
    isTTY: stream.isTTY === true,
    // A getter: a terminal changes its size while a scan runs, and some say they have no columns.
    get columns() {
      return stream.columns || plainColumns;
    },
  };
}
