/**
 * An image configuration put together from what a daemon tells without an export: `inspect` (moby's
 * ImageInspect, podman's copy of it) and `history`. It has all that `whichlayer env` looks at; where a full
 * scan reads the configuration itself, that one is used.
 */

import { parseCreatedBy } from '../oci/created-by.ts';
import { asArray, asObject, asText, asTexts, field, type JsonObject } from '../oci/json.ts';

/** A configuration in the image-spec's JSON, and how far its history is to be trusted. */
export interface DaemonConfig {
  readonly json: JsonObject;
  /** False where the daemon's answers leave open which history entries made the layers. */
  readonly isHistoryMatched: boolean;
}

/** Puts a configuration together from the daemon's answers. */
export function toConfigJson(inspectAnswer: unknown, historyAnswer: unknown): DaemonConfig {
  const inspect = asObject(inspectAnswer);
  const layers = asTexts(field(asObject(field(inspect, 'RootFS')), 'Layers'));
  // Newest first in the answer.
  const steps = asArray(historyAnswer)
    .map((item) => asObject(item) ?? {})
    .toReversed();
  const makers = layerMakers(steps, layers.length);
  const history = steps.map((step, index) => ({
    ...withoutEmpty({
      created: isoTime(field(step, 'Created')),
      created_by: asText(field(step, 'CreatedBy')),
      comment: asText(field(step, 'Comment')),
    }),
    ...(makers.steps.has(index) ? {} : { empty_layer: true }),
  }));
  return {
    json: {
      ...withoutEmpty({
        architecture: asText(field(inspect, 'Architecture')),
        os: asText(field(inspect, 'Os')),
        variant: asText(field(inspect, 'Variant')),
        created: asText(field(inspect, 'Created')),
        author: asText(field(inspect, 'Author')),
        comment: asText(field(inspect, 'Comment')),
        config: asObject(field(inspect, 'Config')),
        // The classic builder's: ENV and CMD once more, and what was the build's alone.
        container_config: asObject(field(inspect, 'ContainerConfig')),
      }),
      rootfs: { type: 'layers', diff_ids: layers },
      ...(Array.isArray(historyAnswer) ? { history } : {}),
    },
    isHistoryMatched: makers.isExact,
  };
}

/**
 * Which steps made a layer. The answers do not say, but a step with a size did; of those without one, RUN,
 * COPY and ADD always do (`RUN true` makes an empty layer), WORKDIR and foreign builders' steps may. The first
 * reading with as many steps as there are layers is right.
 */
function layerMakers(steps: readonly JsonObject[], layerCount: number): { steps: Set<number>; isExact: boolean } {
  const readings = [[], ['RUN', 'COPY', 'ADD'], ['RUN', 'COPY', 'ADD', 'WORKDIR', undefined]] as const;
  let sized: Set<number> | undefined;
  for (const instructions of readings) {
    const makers = new Set<number>();
    for (const [index, step] of steps.entries()) {
      const size = field(step, 'Size');
      const { instruction } = parseCreatedBy(asText(field(step, 'CreatedBy')) ?? '');
      const mayMake = (instructions as readonly (string | undefined)[]).includes(instruction);
      if ((typeof size === 'number' && size > 0) || mayMake) makers.add(index);
    }
    if (makers.size === layerCount) return { steps: makers, isExact: true };
    sized ??= makers;
  }
  return { steps: sized ?? new Set(), isExact: false };
}

function isoTime(seconds: unknown): string | undefined {
  // Images made to be reproducible carry 0 or a time before 1970; out of range, `toISOString` throws.
  if (typeof seconds !== 'number' || Math.abs(seconds) > 8e12) return undefined;
  return new Date(seconds * 1000).toISOString();
}

function withoutEmpty(fields: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
