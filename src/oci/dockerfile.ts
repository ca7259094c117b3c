/**
 * A Dockerfile's instructions with their lines: enough of the language to find the instruction a history
 * entry came from (line continuations, the escape directive, here-documents, comments), and no more.
 */

/** One instruction. */
export interface DockerfileInstruction {
  /** Its first line, 1-based. */
  readonly line: number;
  /** `ENV`, `RUN`, in capitals. */
  readonly keyword: string;
  /** Keyword and arguments on one line, continuations joined. */
  readonly text: string;
}

const maxInstructions = 20_000;

/** The instructions of a Dockerfile, in its order. */
export function parseDockerfile(text: string): readonly DockerfileInstruction[] {
  const lines = text.split(/\r?\n/);
  const continuation = /^#\s*escape\s*=\s*`/i.test(lines[0] ?? '') ? '`' : '\\';
  const instructions: DockerfileInstruction[] = [];
  for (let at = 0; at < lines.length && instructions.length < maxInstructions; at++) {
    const first = lines[at]!.trim();
    if (first === '' || first.startsWith('#')) continue;
    const line = at + 1;
    const parts: string[] = [];
    for (; at < lines.length; at++) {
      const part = lines[at]!.trim();
      // Comments and empty lines inside a continued instruction are no part of it.
      if (parts.length > 0 && (part === '' || part.startsWith('#'))) continue;
      if (!part.endsWith(continuation)) {
        parts.push(part);
        break;
      }
      parts.push(part.slice(0, -1).trimEnd());
    }
    const joined = parts.join(' ');
    const keyword = /^[A-Za-z]+/.exec(joined)?.[0].toUpperCase();
    if (keyword === undefined) continue;
    instructions.push({ line, keyword, text: joined });
    if (['RUN', 'COPY', 'ADD'].includes(keyword)) at = afterHereDocuments(lines, at, joined);
  }
  return instructions;
}

/** The last line of the here-documents that an instruction opens. */
function afterHereDocuments(lines: readonly string[], at: number, instruction: string): number {
  let last = at;
  for (const [, dash, word] of instruction.matchAll(/<<(-?)["']?([A-Za-z_]\w*)["']?/g)) {
    let end = last + 1;
    while (end < lines.length && (dash === '' ? lines[end] : lines[end]!.trimStart()) !== word) end++;
    if (end < lines.length) last = end;
  }
  return last;
}
