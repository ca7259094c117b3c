/**
 * The dialects of a history entry's `created_by`: classic docker (`/bin/sh -c #(nop)  ENV A=b`,
 * `|1 T=v /bin/sh -c cmd`), BuildKit (`RUN |1 T=v /bin/sh -c cmd # buildkit`), buildah (classic with
 * `|inheritLabels=false` behind it), kaniko (the Dockerfile's line), Windows shells, and the free text of
 * Bazel, Jib, Nix and buildpacks. Nothing is thrown away but those builders' own marks: where a text can
 * be read in two ways, it stays in `text` as a whole. ENV and LABEL are never split, their quotes are lost.
 */

const instructions = [
  'ADD',
  'ARG',
  'CMD',
  'COPY',
  'ENTRYPOINT',
  'ENV',
  'EXPOSE',
  'FROM',
  'HEALTHCHECK',
  'LABEL',
  'MAINTAINER',
  'ONBUILD',
  'RUN',
  'SHELL',
  'STOPSIGNAL',
  'USER',
  'VOLUME',
  'WORKDIR',
] as const;

/** A Dockerfile instruction. */
export type DockerfileInstruction = (typeof instructions)[number];

/** A build argument as a RUN step repeats it. */
export interface BuildArgument {
  readonly name: string;
  readonly value: string;
}

/** A history entry's text, taken apart. */
export interface CreatedBy {
  /** Undefined for free text. */
  readonly instruction?: DockerfileInstruction;
  /** The build arguments in front of a RUN's command. */
  readonly args: readonly BuildArgument[];
  /** What stands behind the instruction; for RUN the command without its shell. */
  readonly text: string;
}

// What these match is cut away, so they match nothing that could hold more than a shell's name and options.
const posixOption = ' -[a-z]{0,4}o (?:pipefail|errexit|nounset|xtrace)| -[a-z]{1,4}';
const posixShell = `(?:/(?:usr/(?:local/)?)?s?bin/|/busybox/)?(?:ba|a|da|z|k)?sh(?:${posixOption}){0,6} -[a-z]{0,4}c `;
const windowsFolder = String.raw`[a-z]:\\windows\\system32\\(?:windowspowershell\\v1\.0\\)?`;
const windowsOption = '-(?:nologo|noprofile|noninteractive|executionpolicy (?:bypass|unrestricted|remotesigned)) ';
const windowsShell = String.raw`(?:${windowsFolder})?(?:cmd(?:\.exe)? /s /c |(?:powershell|pwsh)(?:\.exe)? (?:${windowsOption}){0,4}-command )`;
const preamble = String.raw`(?:\$(?:error|progress)(?:action)?preference = '(?:stop|continue|silentlycontinue)'; ?){0,4}`;
const shell = `(?:${posixShell}|${windowsShell})`;
const leadingShell = new RegExp(`^${shell}`, 'i');
const innerShell = new RegExp(` ${shell}`, 'gi');
const noOperation = new RegExp(`^(?:RUN )?${shell}${preamble}#\\(nop\\)\\s+`, 'i');
const keyword = new RegExp(`^(${instructions.join('|')})(?:\\s+|$)`);
// buildah writes it as the Dockerfile has it, behind a mark that says that it is one.
const anyKeyword = new RegExp(keyword.source, 'i');
const builderMarks = / # buildkit$|\s?\|(?:inheritLabels|unsetLabel|force-mtime)=(?:true|false|\d{1,20})$/;
const maxArguments = 1000;

/** Takes a `created_by` apart; any text will do. */
export function parseCreatedBy(createdBy: string): CreatedBy {
  const whole = withoutMarks(createdBy.trimStart());
  const silent = noOperation.exec(whole);
  const line = silent === null ? whole : whole.slice(silent[0].length);
  const found = (silent === null ? keyword : anyKeyword).exec(line);
  const instruction = found?.[1]?.toUpperCase() as DockerfileInstruction | undefined;
  const rest = found === null ? line : line.slice(found[0].length);
  if (instruction !== undefined && instruction !== 'RUN') return { instruction, args: [], text: rest };
  if (/^\|\d{1,4} /.test(rest)) return { instruction: 'RUN', ...splitArguments(rest) };
  const command = rest.replace(leadingShell, '');
  if (instruction === undefined && command === rest) return { args: [], text: rest };
  return { instruction: 'RUN', args: [], text: command };
}

function withoutMarks(text: string): string {
  let rest = text;
  for (let marks = 0; marks < 8; marks++) {
    const mark = builderMarks.exec(rest);
    if (mark === null) break;
    rest = rest.slice(0, mark.index);
  }
  return rest;
}

/** Splits `|n A=x B=y command`: n says how many, and a value may hold blanks, even ` C=`. */
function splitArguments(text: string): { args: BuildArgument[]; text: string } {
  const [mark = '', digits = '0'] = /^\|(\d{1,4}) /.exec(text) ?? [];
  const count = Number(digits);
  const body = text.slice(mark.length);
  if (count === 0) return { args: [], text: body.replace(leadingShell, '') };
  const starts = [...` ${body}`.matchAll(/ (?=[A-Za-z_]\w{0,255}=)/g)].map((match) => match.index);
  const nth = starts[count - 1];
  if (count > maxArguments || starts[0] !== 0 || nth === undefined) return { args: [], text };

  innerShell.lastIndex = nth;
  const found = innerShell.exec(body);
  // Without a shell (`RUN ["cmd", "arg"]`) nobody can say where the last value ends: at the first blank, most likely.
  const blank = body.indexOf(' ', nth);
  const end = found?.index ?? (blank < 0 ? body.length : blank);
  const cuts = [...starts.slice(0, count), end + 1];
  const args = cuts.slice(0, -1).map((start, index) => splitArgument(body.slice(start, cuts[index + 1]! - 1)));
  const candidates = starts.filter((start) => start < end).length;
  const isCertain = found !== null && (candidates === count || count === 1) && !hasLaterShell(body, found);
  return { args, text: isCertain ? body.slice(found.index + found[0].length) : text };
}

// `|1 A=x /bin/sh -c y /bin/sh -c z`: the first may be in the value, or the second in the command.
function hasLaterShell(body: string, found: RegExpExecArray): boolean {
  innerShell.lastIndex = found.index + found[0].length - 1;
  return innerShell.test(body);
}

function splitArgument(assignment: string): BuildArgument {
  const at = assignment.indexOf('=');
  return { name: assignment.slice(0, at), value: assignment.slice(at + 1) };
}
