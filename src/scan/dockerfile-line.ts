/**
 * From a finding to the line of the Dockerfile that put it there, as far as a provenance of `mode=max` tells: a
 * layer's line is in it; a variable's, label's or RUN's is the only instruction that says the same. Where
 * several do, none is named: a wrong line is worse than none.
 */

import { parseCreatedBy } from '../oci/created-by.ts';
import { type DockerfileInstruction, parseDockerfile } from '../oci/dockerfile.ts';
import { type Provenance, readProvenance } from '../oci/provenance.ts';
import type { Attachment } from '../source/source.ts';
import type { LocationKind } from './finding.ts';

/** A place in a Dockerfile and what stands there. */
export interface DockerfilePlace {
  readonly path: string;
  readonly line: number;
  readonly text: string;
}

/** What is known of a finding. */
export interface LineQuestion {
  readonly kind: LocationKind;
  readonly name?: string | undefined;
  /** Digest of the layer it is in. */
  readonly layerDigest?: string | undefined;
  /** The history entry it came with. */
  readonly createdBy?: string | undefined;
}

const keywords: Partial<Record<LocationKind, string>> = {
  env: 'ENV',
  arg: 'ARG',
  label: 'LABEL',
  cmd: 'CMD',
  entrypoint: 'ENTRYPOINT',
  healthcheck: 'HEALTHCHECK',
  shell: 'SHELL',
  user: 'USER',
  workdir: 'WORKDIR',
};

/** Answers from the provenance among an image's attachments. */
export class DockerfileLines {
  readonly #provenance: Provenance | undefined;
  readonly #instructions: readonly DockerfileInstruction[];

  constructor(attachments: readonly Attachment[]) {
    const documents = attachments.flatMap(({ document }) => (document === undefined ? [] : [document]));
    this.#provenance = documents.map(readProvenance).find((provenance) => provenance !== undefined);
    this.#instructions = this.#provenance === undefined ? [] : parseDockerfile(this.#provenance.dockerfile.text);
  }

  /** The place in the Dockerfile, where it can be told for certain. */
  find(question: LineQuestion): DockerfilePlace | undefined {
    if (this.#provenance === undefined) return undefined;
    const { layerDigest } = question;
    const line = layerDigest === undefined ? undefined : this.#provenance.layerLines.get(layerDigest);
    const found =
      line === undefined
        ? this.#matching(question)
        : this.#instructions.find((instruction) => instruction.line === line);
    if (found === undefined) return undefined;
    return { path: this.#provenance.dockerfile.path, line: found.line, text: found.text };
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
