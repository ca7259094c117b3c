/**
 * What a report must say of a planted image, derived from the truth and the builder, and what is wrong with the
 * report if it doesn't. Builders differ in the history they write, and nowhere else: BuildKit leaves out ONBUILD;
 * buildah writes an ARG without its default. Tools that write a configuration in OCI's form drop HEALTHCHECK and
 * ONBUILD from it, which then stand in the history alone, if there.
 */

import type { Finding, ImageReport } from '../../../src/scan/finding.ts';
import type { Builder, BuilderHistory } from './builder.ts';
import type { Plant, PlantedImage, Step } from './image.ts';

/** Where a step is in the built image. */
class Positions {
  readonly recorded: readonly Step[];
  readonly #layers: readonly Step[];
  readonly builder: Builder;

  constructor(image: PlantedImage, builder: Builder) {
    this.builder = builder;
    this.recorded = image.steps.filter((step) => builder !== 'docker-buildkit' || step.keyword !== 'ONBUILD');
    this.#layers = image.steps.filter((step) => step.makesLayer);
  }

  history(step: Step): number | undefined {
    const index = this.recorded.indexOf(step);
    return index < 0 ? undefined : index;
  }

  layer(step: Step): number {
    return this.#layers.indexOf(step);
  }

  /** History entries that tell a plant, the one that it is attributed to first. */
  instructions(plant: Plant): number[] {
    const own = this.history(plant.step);
    if (plant.argument === undefined) return own === undefined ? [] : [own];
    const tells = plant.argument === 'default' && this.builder !== 'buildah';
    const runs = this.recorded.flatMap((step, index) => (index > own! && step.line.startsWith('RUN (') ? [index] : []));
    return tells ? [own!, ...runs] : runs;
  }
}

/** Where the truth and the builder's own history disagree: then the test is wrong, not the scanner. */
export function disagreements(image: PlantedImage, builder: Builder, history: readonly BuilderHistory[]): string[] {
  const { recorded } = new Positions(image, builder);
  const problems = recorded.length === history.length ? [] : [`${recorded.length} steps, ${history.length} entries`];
  for (const [index, step] of recorded.entries()) {
    const entry = history[index];
    if (entry?.created_by?.includes(step.keyword) !== true || (entry.empty_layer !== true) !== step.makesLayer) {
      problems.push(`entry ${index} is ${JSON.stringify(entry)} for ${step.line}`);
    }
  }
  return problems;
}

/** How an image came to where it is scanned. */
export interface Provenance {
  readonly builder: Builder;
  /** True where a tool wrote the configuration anew in OCI's form. */
  readonly oci: boolean;
}

/** What is wrong with the report of a planted image, made with secrets shown and every confidence; nothing where all is right. */
export function problemsOf(image: PlantedImage, provenance: Provenance, report: ImageReport): string[] {
  const positions = new Positions(image, provenance.builder);
  const problems: string[] = [];
  const claimed = new Set<Finding>();
  const plants = image.plants.flatMap((plant) => withoutDockerFields(plant, provenance, positions));
  for (const plant of plants) {
    const candidates = report.findings.filter((finding) => holds(finding, plant.made.secret));
    for (const finding of candidates) claimed.add(finding);
    const right = candidates.filter((finding) => differences(finding, plant, positions).length === 0);
    const label = `${plant.where}: ${plant.kind.id} (${plant.paths[0] ?? plant.step.line.slice(0, 60)})`;
    if (candidates.length === 0) problems.push(`${label}: not found`);
    else if (right.length === 0) {
      for (const finding of candidates) problems.push(`${label}: ${differences(finding, plant, positions).join(', ')}`);
    } else if (candidates.length > 1)
      problems.push(`${label}: found ${candidates.length} times: ${candidates.map(place)}`);
  }
  for (const finding of report.findings) {
    if (claimed.has(finding) || finding.confidence === 'low') continue;
    if (image.plants.some((plant) => plant.made.also?.some((text) => holds(finding, text)))) continue;
    problems.push(`a decoy: ${finding.rule} ${finding.confidence} at ${place(finding)}: ${finding.secret.value}`);
  }
  if (!report.coverage.complete) problems.push(`incomplete: ${JSON.stringify(report.coverage.skipped)}`);
  return problems;
}

function withoutDockerFields(plant: Plant, { oci }: Provenance, positions: Positions): Plant[] {
  if (!oci || (plant.location !== 'healthcheck' && plant.location !== 'onbuild')) return [plant];
  return positions.history(plant.step) === undefined ? [] : [{ ...plant, location: 'history' }];
}

function holds(finding: Finding, text: string): boolean {
  return finding.secret.value?.includes(text) ?? false;
}

function place(finding: Finding): string {
  const { kind, path, name, nested } = finding.location;
  return [kind, path, ...(nested ?? []), name].filter((part) => part !== undefined).join(' ');
}

/** What a finding says of a plant that is not so. */
function differences(finding: Finding, plant: Plant, positions: Positions): string[] {
  const wrong: string[] = [];
  const expect = (what: string, actual: unknown, expected: unknown): void => {
    if (JSON.stringify(actual) !== JSON.stringify(expected)) {
      wrong.push(`${what} is ${JSON.stringify(actual)} instead of ${JSON.stringify(expected)}`);
    }
  };
  if (!plant.kind.providers.includes(finding.provider)) expect('provider', finding.provider, plant.kind.providers);
  if (finding.confidence === 'low' && plant.kind.weak !== true) expect('confidence', finding.confidence, 'medium');
  expect('exposure', finding.exposure, plant.exposure);
  const [instruction, ...again] = positions.instructions(plant);
  expect('instruction', finding.instruction?.historyIndex, instruction);
  if (plant.location === 'file') {
    if (!plant.paths.includes(finding.location.path ?? '')) expect('path', finding.location.path, plant.paths);
    expect('kind', finding.location.kind, 'file');
    expect('nesting', finding.location.nested?.length ?? 0, plant.nested);
    expect('layer', finding.layer?.index, positions.layer(plant.step));
    const removal = plant.removedBy;
    const removedBy = removal && { layer: positions.layer(removal), historyIndex: positions.history(removal) };
    const { how: _, ...by } = finding.removedBy ?? {};
    expect('removedBy', finding.removedBy && by, removedBy);
  } else {
    const kinds = plant.argument === undefined ? [plant.location] : ['arg', 'history'];
    if (!kinds.includes(finding.location.kind)) expect('kind', finding.location.kind, plant.location);
    if (plant.name !== undefined && plant.argument === undefined) expect('name', finding.location.name, plant.name);
    expect('also at', finding.alsoAt?.map((entry) => entry.historyIndex) ?? [], again);
    expect('layer', finding.layer, undefined);
  }
  return wrong;
}
