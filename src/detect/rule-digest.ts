/** Names a rule set by what it finds: results of another rule set are not to be mixed with its own. */

import { createHash } from 'node:crypto';
import type { Provider } from './rule.ts';

/** `sha256:hex` over everything that changes what is found or how it is ranked; prose and examples do not count. */
export function digestOf(providers: readonly Provider[], knownPublic: readonly string[] = []): string {
  const parts = providers
    .map(
      (provider) =>
        [
          provider.id,
          provider.detectors.map(
            ({ title: _, examples: __, counterExamples: ___, knownMisses: ____, ...rest }) => rest,
          ),
        ] as const,
    )
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return `sha256:${createHash('sha256')
    .update(JSON.stringify([parts, knownPublic]))
    .digest('hex')}`;
}
