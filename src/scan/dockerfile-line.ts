/**
 * From a finding to the line of the Dockerfile that put it there. The file is the user's (`--dockerfile`) or that of a
 * provenance of `mode=max`, laid beside the history; a provenance also names the line of each layer. What neither
 * tells is told only where a single instruction says the same: a wrong line is worse than none.
 */

import { type Diagnostic, notice } from '../errors.ts';
import { parseCreatedBy } from '../oci/created-by.ts';
import {
  type DockerfileInstruction,
  type DockerfileStage,
  dockerfileStages,
  parseDockerfile,
} from '../oci/dockerfile.ts';
import type { HistoryEntry } from '../oci/image-config.ts';
import { type Dockerfile, readProvenance } from '../oci/provenance.ts';
import type { Attachment } from '../source/source.ts';
import { alignDockerfile, type DockerfileAlignment } from './dockerfile-line-align.ts';
import type { LocationKind } from './finding.ts';

/** A place in a Dockerfile and what stands there. */
export interface DockerfilePlace {
  readonly path: string;
  readonly line: number;
  readonly text: string;
  /** The stage it is in, where that is none the image is made of. */
  readonly stage?: string;
}

/** What is known of a finding. */
export interface LineQuestion {
  readonly kind: LocationKind;
  readonly name?: string | undefined;
  /** Digest of the layer it is in. */
  readonly layerDigest?: string | undefined;
  /** The history entry it came with. */
  readonly historyIndex?: number | undefined;
  readonly createdBy?: string | undefined;
}

/** What lines are told from. */
export interface LineSources {
  readonly attachments: readonly Attachment[];
  readonly history: readonly HistoryEntry[];
  /** The user's. */
  readonly dockerfile?: Dockerfile | undefined;
}

const keywords: Partial<Record<LocationKind, string>> = {
  env: 'ENV',
  arg: 'ARG',
  label: 'LABEL',
  cmd: 'CMD',
  entrypoint: 'ENTRYPOINT',
  healthcheck: 'HEALTHCHECK',
  onbuild: 'ONBUILD',
  shell: 'SHELL',
  user: 'USER',
  workdir: 'WORKDIR',
};

/** Missing lines that are written out. */
const mostLines = 10;

/** Answers for one image. */
export class DockerfileLines {
  readonly #files: readonly DockerfileLine[];
  /** What could not be told of the user's file. */
  readonly diagnostics: readonly Diagnostic[];

  constructor({ attachments, history, dockerfile }: LineSources) {
    const documents = attachments.flatMap(({ document }) => (document === undefined ? [] : [document]));
    const provenance = documents.map(readProvenance).find((found) => found !== undefined);
    const own = dockerfile === undefined ? undefined : new DockerfileLine(dockerfile, history);
    const attested =
      provenance === undefined ? undefined : new DockerfileLine(provenance.dockerfile, history, provenance.layerLines);
    this.#files = [own, attested].filter((file) => file !== undefined);
    this.diagnostics = own?.diagnostics() ?? [];
  }

  /** The first entries of the history that are the base image's, and what the Dockerfile calls that. */
  get base(): { readonly name: string; readonly historyEntries: number } | undefined {
    return this.#files.map((file) => file.base).find((base) => base !== undefined);
  }

  /** The place in the Dockerfile, where it can be told for certain. */
  find(question: LineQuestion): DockerfilePlace | undefined {
    for (const file of this.#files) {
      const found = file.find(question);
      if (found !== undefined) return found;
    }
    return undefined;
  }
}

/** One Dockerfile beside a history. */
class DockerfileLine {
  readonly #dockerfile: Dockerfile;
  readonly #instructions: readonly DockerfileInstruction[];
  readonly #stages: readonly DockerfileStage[];
  readonly #alignment: DockerfileAlignment | undefined;
  readonly #layerLines: ReadonlyMap<string, number>;

  constructor(
    dockerfile: Dockerfile,
    history: readonly HistoryEntry[],
    layerLines: ReadonlyMap<string, number> = new Map(),
  ) {
    this.#dockerfile = dockerfile;
    this.#instructions = parseDockerfile(dockerfile.text);
    this.#stages = dockerfileStages(this.#instructions);
    this.#alignment = alignDockerfile(this.#instructions, history);
    this.#layerLines = layerLines;
  }

  get base(): { readonly name: string; readonly historyEntries: number } | undefined {
    const { baseEntries, stage } = this.#alignment ?? {};
    if (baseEntries === undefined || stage === undefined) return undefined;
    // What is not filled in is no name.
    const name = stage.base.includes('$') ? 'its FROM' : stage.base;
    return name.toLowerCase() === 'scratch' ? undefined : { name, historyEntries: baseEntries };
  }

  find(question: LineQuestion): DockerfilePlace | undefined {
    const found = this.#instructionOf(question);
    if (found === undefined) return undefined;
    const stage = this.#stageAside(found);
    return {
      path: this.#dockerfile.path,
      line: found.line,
      text: found.text,
      ...(stage === undefined ? {} : { stage }),
    };
  }

  diagnostics(): readonly Diagnostic[] {
    const subject = this.#dockerfile.path;
    if (this.#instructions.every(({ keyword }) => keyword !== 'FROM')) {
      return [notice('HISTORY_MISMATCH', subject, 'this is no Dockerfile: it has no FROM; no line is told from it')];
    }
    if (this.#alignment === undefined) {
      const message =
        'its stages do not fit the history of the image, so lines are told only where one alone says the same';
      return [notice('HISTORY_MISMATCH', subject, message)];
    }
    const { missing } = this.#alignment;
    if (missing.length === 0) return [];
    const shown = missing.slice(0, mostLines).map(({ line, keyword }) => `${line} (${keyword})`);
    const more = missing.length > shown.length ? ` and ${missing.length - shown.length} more` : '';
    const message = `no step of the history is for certain that of line ${shown.join(', ')}${more}; the others have theirs`;
    return [notice('HISTORY_MISMATCH', subject, message)];
  }

  #instructionOf(question: LineQuestion): DockerfileInstruction | undefined {
    const { layerDigest, historyIndex } = question;
    const line = layerDigest === undefined ? undefined : this.#layerLines.get(layerDigest);
    if (line !== undefined) return this.#instructions.find((instruction) => instruction.line === line);
    const aligned = historyIndex === undefined ? undefined : this.#alignment?.instructions.get(historyIndex);
    if (aligned !== undefined) return this.#argumentOf(question, aligned) ?? aligned;
    // All of the file has its entries already: this one is another's, the base image's.
    if (historyIndex !== undefined && this.#alignment?.missing.length === 0) return undefined;
    return this.#matching(question);
  }

  /** The ARG whose value a RUN's entry repeats. */
  #argumentOf({ kind, name }: LineQuestion, { keyword }: DockerfileInstruction): DockerfileInstruction | undefined {
    if (kind !== 'history' || name === undefined || keyword !== 'RUN') return undefined;
    const { inherited = [], instructions = [] } = this.#alignment?.stage ?? {};
    const found = [...inherited, ...instructions].filter(
      (instruction) => instruction.keyword === 'ARG' && assigns(instruction.text, name),
    );
    return found.length === 1 ? found[0] : undefined;
  }

  #matching({ kind, name, createdBy }: LineQuestion): DockerfileInstruction | undefined {
    // Arguments are known by their names: in the history in front of a RUN, in the provenance in so many words.
    const [, attested] = (kind === 'attestation' ? / build-arg:(\w+)$/.exec(name ?? '') : null) ?? [];
    const argument = kind === 'history' ? name : attested;
    const keyword = argument === undefined ? keywords[kind] : 'ARG';
    const assigned = argument ?? name;
    const said = createdBy === undefined ? undefined : normalize(createdBy);
    const same = this.#instructions.filter((instruction) => said !== undefined && normalize(instruction.text) === said);
    if (same.length === 1) return same[0];
    const named = this.#instructions.filter(
      ({ keyword: own, text }) => own === keyword && (assigned === undefined || assigns(text, assigned)),
    );
    return named.length === 1 ? named[0] : undefined;
  }

  /** The stage of an instruction, where the image is not made of it. */
  #stageAside(instruction: DockerfileInstruction): string | undefined {
    const built = this.#alignment?.stage ?? this.#stages.at(-1);
    if (built === undefined || [...built.inherited, ...built.instructions].includes(instruction)) return undefined;
    const index = this.#stages.findIndex(({ instructions }) => instructions.includes(instruction));
    return index < 0 ? undefined : (this.#stages[index]!.name ?? `${index}`);
  }
}

function assigns(text: string, name: string): boolean {
  return text.split(/[\s="']+/).includes(name);
}

/** What a history entry and the instruction it was made of have in common. */
function normalize(text: string): string {
  const parsed = parseCreatedBy(text);
  const said = parsed.instruction === undefined ? text : `${parsed.instruction} ${parsed.text}`;
  return said.replace(/["']/g, '').replace(/\s+/g, ' ').trim();
}
