/** Tables of the bench as Markdown, so that what it prints can be read in a terminal and pasted into a page. */

/** A Markdown table, its columns as wide as what is in them; all but the first are numbers and stand right. */
export function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = heads.map((head, column) =>
    Math.max(3, head.length, ...rows.map((row) => (row[column] ?? '').length)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!))).join(' | ')} |`;
  const rule = `|${widths.map((width, column) => (column === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`;
  return [line(heads), rule, ...rows.map(line)].join('\n');
}

/** Megabytes, of a million bytes. */
export function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0);
}

/** Seconds, with the digits that mean something. */
export function seconds(value: number): string {
  return value.toFixed(value < 10 ? 2 : 1);
}

/** Megabytes in a second. */
export function rate(bytes: number, inSeconds: number): string {
  return inSeconds > 0 ? (bytes / 1e6 / inSeconds).toFixed(0) : '–';
}
