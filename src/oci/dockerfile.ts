/**
 * A Dockerfile's instructions with their lines, and its stages: enough of the language to find the instruction a
 * history entry came from (directives, line continuations, here-documents, comments, ARG before FROM), and no more.
 */

/** One instruction. */
export interface DockerfileInstruction {
  /** Its first line, 1-based. */
  readonly line: number;
  /** `ENV`, `RUN`, in capitals. */
  readonly keyword: string;
  /** Keyword and arguments on one line, continuations joined. */
  readonly text: string;
  readonly documents?: readonly HereDocument[];
}

/** A here-document: what it holds, and the word that ends it. */
export interface HereDocument {
  readonly text: string;
  readonly word: string;
}

/** A stage: from one FROM to the next. */
export interface DockerfileStage {
  readonly name?: string;
  /** The image or stage it begins with, arguments filled in by their defaults where they have some. */
  readonly from: string;
  /** Its own instructions, without FROM. */
  readonly instructions: readonly DockerfileInstruction[];
  /** Those before them, of the stages it begins with. */
  readonly inherited: readonly DockerfileInstruction[];
  /** The image at the bottom: `from`, or that of the stage it begins with. */
  readonly base: string;
}

const maxInstructions = 20_000;
/** A chain of stages repeats what lies below in each. */
const maxInherited = 2000;

/** The instructions of a Dockerfile, in its order. */
export function parseDockerfile(text: string): readonly DockerfileInstruction[] {
  const lines = text.replace(/^\ufeff/, '').split(/\r?\n/);
  const continuation = escapeOf(lines);
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
    const { documents, end } = takesDocuments.test(joined)
      ? hereDocuments(lines, at, joined)
      : { documents: [], end: at };
    at = end;
    instructions.push({ line, keyword, text: joined, ...(documents.length === 0 ? {} : { documents }) });
  }
  return instructions;
}

const takesDocuments = /^(?:ONBUILD\s+)?(?:RUN|COPY|ADD)\s/i;

/** The character that continues a line: `#` directives stand at the very top, one after another. */
function escapeOf(lines: readonly string[]): string {
  for (const line of lines) {
    const [, name, value] = /^\s*#\s*([A-Za-z]+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (name === undefined) break;
    if (name.toLowerCase() === 'escape') return value === '`' ? '`' : '\\';
  }
  return '\\';
}

/** The here-documents that an instruction opens, and the line the last of them ends at. */
function hereDocuments(
  lines: readonly string[],
  at: number,
  instruction: string,
): { readonly documents: readonly HereDocument[]; readonly end: number } {
  const documents: HereDocument[] = [];
  let last = at;
  for (const [, dash, word] of instruction.matchAll(/(?<=\s)\d*<<(-?)["']?([A-Za-z_]\w*)["']?(?=\s|$|;)/g)) {
    let end = last + 1;
    while (end < lines.length && (dash === '' ? lines[end] : lines[end]!.trimStart()) !== word) end++;
    if (end >= lines.length) break;
    documents.push({ text: lines.slice(last + 1, end).join('\n'), word: word! });
    last = end;
  }
  return { documents, end: last };
}

/** The stages of a Dockerfile, in its order. */
export function dockerfileStages(instructions: readonly DockerfileInstruction[]): readonly DockerfileStage[] {
  const stages: DockerfileStage[] = [];
  const defaults = new Map<string, string>();
  let own: DockerfileInstruction[] | undefined;
  for (const instruction of instructions) {
    const { keyword, text } = instruction;
    if (keyword === 'FROM') {
      own = [];
      stages.push(beginStage(text, own, defaults, stages));
    } else if (own !== undefined) {
      own.push(instruction);
    } else if (keyword === 'ARG') {
      // Before the first FROM: for the FROMs alone, and in nobody's history.
      for (const [, name, value] of text.matchAll(/\s([A-Za-z_]\w*)=("[^"]*"|'[^']*'|\S*)/g)) {
        defaults.set(name!, fillIn(value!.replace(/^["']|["']$/g, ''), defaults));
      }
    }
  }
  return stages;
}

function beginStage(
  text: string,
  instructions: readonly DockerfileInstruction[],
  defaults: ReadonlyMap<string, string>,
  before: readonly DockerfileStage[],
): DockerfileStage {
  const words = text
    .split(/\s+/)
    .slice(1)
    .filter((word) => !word.startsWith('--'));
  const from = fillIn(words[0] ?? '', defaults);
  const name = /^as$/i.test(words[1] ?? '') ? words[2] : undefined;
  const parent = before.findLast((stage) => stage.name?.toLowerCase() === from.toLowerCase());
  const inherited = parent === undefined ? [] : [...parent.inherited, ...parent.instructions].slice(-maxInherited);
  return { ...(name === undefined ? {} : { name }), from, instructions, inherited, base: parent?.base ?? from };
}

/** Arguments in an image's name by their defaults; what has none stays as it is. */
function fillIn(text: string, defaults: ReadonlyMap<string, string>): string {
  return text.replace(/\$(?:\{(\w+)(?::?-([^}]*))?\}|(\w+))/g, (whole, braced, otherwise, plain) => {
    return defaults.get(braced ?? plain) ?? otherwise ?? whole;
  });
}
