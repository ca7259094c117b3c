/** What is wrong with a report of the depth image: tokens that are missing, told elsewhere or twice, and findings that nothing was planted for. */

import type { Finding } from '../../../src/scan/finding.ts';
import type { DepthPlant } from './image.ts';

/** One line for each thing that is wrong; findings of low confidence count for hints alone. */
export function depthProblems(plants: readonly DepthPlant[], findings: readonly Finding[]): string[] {
  const shown = findings.filter(({ confidence }) => confidence !== 'low');
  const problems: string[] = [];
  const claimed = new Set<Finding>();
  for (const plant of plants) {
    const label = `${plant.group}: ${plant.place}`;
    const found = (plant.token.weak ? findings : shown).filter((finding) => isOf(plant, finding));
    for (const finding of found) claimed.add(finding);
    if (found.length === 0) problems.push(`${label}: not found`);
    const right = found.filter((finding) => differencesOf(plant, finding).length === 0);
    if (right.length === 0) problems.push(...found.map((one) => `${label}: ${differencesOf(plant, one).join(', ')}`));
    if (found.length > 1) problems.push(`${label}: found ${found.length} times: ${found.map(placeOf).join(' and ')}`);
  }
  const also = plants.flatMap(({ token }) => token.also ?? []);
  for (const finding of shown) {
    const isBeside = also.some((text) => finding.secret.value?.includes(text));
    if (!claimed.has(finding) && !isBeside) problems.push(`planted by nobody: ${finding.rule} at ${placeOf(finding)}`);
  }
  return problems;
}

function isOf({ token, where }: DepthPlant, { secret, location }: Finding): boolean {
  if (token.secret === '') return location.path === where.path;
  return secret.value?.includes(token.secret) ?? false;
}

function placeOf({ location: { kind, path, nested = [], name } }: Finding): string {
  return [kind, path, ...nested, name].filter((part) => part !== undefined).join(' › ');
}

/** What a finding says of a plant that is not so. */
function differencesOf({ token, where, layer, historyIndex, removedBy }: DepthPlant, finding: Finding): string[] {
  // Names are told with their secrets masked.
  const clear = (text?: string): string | undefined => text?.replace(finding.secret.masked, token.secret);
  const { location } = finding;
  const expected = {
    provider: true,
    kind: where.kind,
    path: where.path,
    name: where.name,
    nested: where.nested ?? [],
    decoded: where.decoded ?? [],
    commit: where.commit,
    exposure: where.exposure,
    layer,
    historyIndex,
    removedBy,
  };
  const told: Record<keyof typeof expected, unknown> = {
    provider: token.providers.includes(finding.provider) || finding.provider,
    kind: location.kind,
    path: clear(location.path),
    name: location.name,
    nested: (location.nested ?? []).map(clear),
    decoded: location.decoded ?? [],
    commit: where.commit === undefined ? undefined : location.git?.commit,
    exposure: finding.exposure,
    layer: finding.layer?.index,
    historyIndex: finding.instruction?.historyIndex,
    removedBy: finding.removedBy,
  };
  return Object.keys(expected).flatMap((key) => {
    const [actual, wanted] = [told, expected].map((side) => JSON.stringify(side[key as keyof typeof expected]));
    return actual === wanted || (key === 'name' && wanted === undefined)
      ? []
      : [`${key} is ${actual} and not ${wanted}`];
  });
}
