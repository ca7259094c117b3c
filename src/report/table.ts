/**
 * Text in columns, without lines around it. cli-table3 is met here alone: it pads, aligns and spans cells
 * and knows how wide text is on a terminal; what it would cut or wrap is wrapped before (wrap.ts), because
 * it breaks inside words. Cells may hold several lines and colour codes, one line each.
 */

import Table from 'cli-table3';

/** A column's width and the side its text leans on. */
export interface Column {
  readonly width: number;
  readonly align?: 'left' | 'right';
}

/** A cell: text, or text over several columns. */
export type Cell = string | { readonly text: string; readonly span: number; readonly align?: 'left' | 'right' };

const noLines = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: ' ',
};

/** Spaces between two columns of `layOut`. */
export const gap = 2;

/** Rows laid out in columns, `gap` apart, each line behind `indent` spaces and without trailing space. */
export function layOut(columns: readonly Column[], rows: readonly (readonly Cell[])[], indent = 0): string[] {
  if (rows.length === 0) return [];
  const last = columns.length - 1;
  const table = new Table({
    chars: noLines,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
    // One space of the gap is the line between columns, which spans count; the other is padding.
    colWidths: columns.map(({ width }, index) => (index === last ? width : width + gap - 1)),
  });
  for (const row of rows) {
    for (const line of linesOf(row)) {
      let at = 0;
      table.push(
        line.map(({ text, span, align }) => {
          const hAlign = align ?? columns[at]?.align ?? 'left';
          at += span;
          return { content: text, colSpan: span, hAlign, style: { 'padding-right': at > last ? 0 : gap - 1 } };
        }),
      );
    }
  }
  const margin = ' '.repeat(indent);
  return table
    .toString()
    .split('\n')
    .map((line) => (margin + line).trimEnd());
}

/** A row of cells with several lines as rows of cells with one: cli-table3 takes time by the square of a cell's length. */
function linesOf(row: readonly Cell[]): Exclude<Cell, string>[][] {
  const cells = row.map((cell) => {
    const { text, ...place } = typeof cell === 'string' ? { text: cell, span: 1 } : cell;
    return { place, lines: text.split('\n') };
  });
  const height = Math.max(...cells.map(({ lines }) => lines.length));
  return Array.from({ length: height }, (_, index) =>
    cells.map(({ place, lines }) => ({ ...place, text: lines[index] ?? '' })),
  );
}

const surelyNarrow =
  /^[\x20-\x7e\u00a1-\u00ac\u00ae-\u02ff\u2010-\u2027\u2030-\u205e\u2190-\u2193\u2500-\u257f\u2713]*$/;

/** How many columns a terminal gives one line of text; colour codes take none. */
export function displayWidth(text: string): number {
  if (surelyNarrow.test(text)) return text.length;
  if (text.length > longestKept) return measure(text);
  const known = measured.get(text);
  if (known !== undefined) return known;
  if (measured.size >= mostKept) measured.clear();
  const width = measure(text);
  measured.set(text, width);
  return width;
}

// Wrapping measures one character after the other, mostly the same few, and a row is measured more than once: building a table for each takes its time.
const measured = new Map<string, number>();
const longestKept = 256;
const mostKept = 10_000;

function measure(text: string): number {
  // The second row is padded with spaces to the width cli-table3 measured for the first, so both always agree.
  const table = new Table({ chars: noLines, style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 } });
  table.push([text], ['']);
  return table.toString().split('\n').at(-1)?.length ?? 0;
}
