/**
 * Lays a Dockerfile beside an image's history. Only the stage that was built is in it, behind what its base image
 * brought: where all its instructions fit the last entries one by one, each has its line. Where they do not (the file
 * has changed since, a builder adds entries of its own), only those pairs count that every best alignment has.
 */

import { type DockerfileInstruction, type DockerfileStage, dockerfileStages } from '../oci/dockerfile.ts';
import type { HistoryEntry } from '../oci/image-config.ts';
import { fits } from './dockerfile-line-fit.ts';

/** What is known of a Dockerfile and a history. */
export interface DockerfileAlignment {
  /** The instruction of each history entry that has one, by the entry's index. */
  readonly instructions: ReadonlyMap<number, DockerfileInstruction>;
  /** The stage that was built. */
  readonly stage: DockerfileStage;
  /** Entries of the history that are its base image's; undefined where not every instruction was found. */
  readonly baseEntries?: number;
  /** Instructions no entry could be found for. */
  readonly missing: readonly DockerfileInstruction[];
}

/** Pairs that are compared at most. */
const mostPairs = 4_000_000;

/** Aligns; undefined where the file does not fit the history. */
export function alignDockerfile(
  instructions: readonly DockerfileInstruction[],
  history: readonly HistoryEntry[],
): DockerfileAlignment | undefined {
  const stages = dockerfileStages(instructions);
  const last = stages.at(-1);
  if (last === undefined) return undefined;
  const whole = alignEnd(last, history);
  if (whole !== undefined) return whole;
  // Built with --target: the longest stage that fits, if there is one.
  const targets = stages.flatMap((stage) => alignEnd(stage, history) ?? []);
  targets.sort((a, b) => b.instructions.size - a.instructions.size);
  const [longest, next] = targets;
  if (longest !== undefined && longest.instructions.size > (next?.instructions.size ?? 0)) return longest;
  return alignCertain(last, history);
}

/** Every instruction with one of the last entries. */
function alignEnd(stage: DockerfileStage, history: readonly HistoryEntry[]): DockerfileAlignment | undefined {
  const all = [...stage.inherited, ...stage.instructions];
  // Some builders write no entry for what only builds upon this image run.
  const withoutTriggers = all.filter(({ keyword }) => keyword !== 'ONBUILD');
  const found = pairEnd(all, stage, history);
  return found ?? (withoutTriggers.length < all.length ? pairEnd(withoutTriggers, stage, history) : undefined);
}

function pairEnd(
  said: readonly DockerfileInstruction[],
  stage: DockerfileStage,
  history: readonly HistoryEntry[],
): DockerfileAlignment | undefined {
  const baseEntries = history.length - said.length;
  if (said.length === 0 || baseEntries < 0) return undefined;
  const pairs = new Map<number, DockerfileInstruction>();
  for (const [position, instruction] of said.entries()) {
    const entry = history[baseEntries + position]!;
    if (!fits(instruction, entry.createdBy)) return undefined;
    pairs.set(entry.index, instruction);
  }
  return { instructions: pairs, stage, baseEntries, missing: [] };
}

/** The pairs that are in every longest common subsequence. */
function alignCertain(stage: DockerfileStage, history: readonly HistoryEntry[]): DockerfileAlignment | undefined {
  const said = [...stage.inherited, ...stage.instructions];
  const [rows, columns] = [said.length, history.length];
  if (rows * columns > mostPairs || rows === 0) return undefined;
  const fit = said.map((instruction) => history.map(({ createdBy }) => fits(instruction, createdBy)));
  const before = longestBefore(fit, rows, columns);
  const reversed = fit.map((row) => row.toReversed()).reverse();
  const behind = longestBefore(reversed, rows, columns);
  const best = before[rows]![columns]!;
  // A best alignment has one pair of each rank: the only one there is of its rank is in all of them.
  const ofRank = new Map<number, { readonly row: number; readonly column: number }[]>();
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const rank = before[row]![column]!;
      if (!fit[row]![column]! || rank + 1 + behind[rows - row - 1]![columns - column - 1]! !== best) continue;
      ofRank.set(rank, [...(ofRank.get(rank) ?? []), { row, column }]);
    }
  }
  const certain = [...ofRank.values()].flatMap((pairs) => (pairs.length === 1 ? pairs : []));
  const pairs = new Map(certain.map(({ row, column }) => [history[column]!.index, said[row]!]));
  const found = new Set(certain.map(({ row }) => row));
  const missing = said.filter((_, row) => !found.has(row));
  // A file of which hardly anything is found is another image's.
  return pairs.size * 2 >= rows ? { instructions: pairs, stage, missing } : undefined;
}

function longestBefore(fit: readonly (readonly boolean[])[], rows: number, columns: number): Uint32Array[] {
  const table = Array.from({ length: rows + 1 }, () => new Uint32Array(columns + 1));
  for (let row = 1; row <= rows; row++) {
    for (let column = 1; column <= columns; column++) {
      table[row]![column] = Math.max(
        table[row - 1]![column]!,
        table[row]![column - 1]!,
        fit[row - 1]![column - 1]! ? table[row - 1]![column - 1]! + 1 : 0,
      );
    }
  }
  return table;
}
