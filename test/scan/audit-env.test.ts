import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { compileMatcher } from '../../src/detect/compiled-rules.ts';
import { parseImageConfig } from '../../src/oci/image-config.ts';
import { auditEnv } from '../../src/scan/audit-env.ts';
import { rulesById } from '../../src/scan/draft.ts';
import { Fingerprinter } from '../../src/scan/fingerprint.ts';
import type { JoinKit } from '../../src/scan/join.ts';
import { matchTexts } from '../../src/scan/match-texts.ts';
import type { ImageRecord } from '../../src/source/source.ts';
import { detector, randomText, ruleSet } from '../detect/rules.ts';

const rules = ruleSet(detector({ id: 'acme-key', at: 'token', anchors: ['acme_'], pattern: 'acme_[0-9A-Za-z]{24}' }));
const compiled = compileMatcher(rules);
const kit: JoinKit = {
  matchTexts: async (texts) => matchTexts(compiled, texts),
  rules: rulesById(rules),
  knownPublic: new Set(),
  fingerprinter: new Fingerprinter(undefined),
  filter: { minConfidence: 'medium', only: [], skip: [] },
  showSecrets: true,
};
const key = (seed: number): string => `acme_${randomText(seed, 24)}`;

async function audit(env: readonly string[], created: readonly string[]) {
  const record: ImageRecord = {
    reference: 'shop:1',
    source: 'docker-archive',
    platform: 'linux/amd64',
    repoTags: [],
    config: parseImageConfig({
      config: { Env: env },
      history: created.map((created_by) => ({ created_by, empty_layer: true })),
      rootfs: { type: 'layers', diff_ids: [] },
    }),
    layers: [],
    diagnostics: [],
  };
  const { report } = await auditEnv(record, kit);
  return report.entries.map(({ kind, name, verdict, value }) => [kind, name, verdict, value]);
}

describe('auditEnv', () => {
  it('lists each secret of each instruction', async () => {
    const found = await audit([], [`RUN fetch ${key(1)}`, `RUN push ${key(2)} ${key(3)}`]);
    assert.deepEqual(
      found.map(([kind, , verdict, value]) => [kind, verdict, value]),
      [1, 2, 3].map((seed) => ['history', 'secret', key(seed)]),
    );
  });

  it('lists a variable once for each secret in it', async () => {
    const found = await audit([`KEYS=${key(1)},${key(2)}`], [`ENV KEYS=${key(1)},${key(2)}`]);
    assert.deepEqual(found, [
      ['env', 'KEYS', 'secret', key(1)],
      ['env', 'KEYS', 'secret', key(2)],
    ]);
  });

  it('judges what no rule knows by its name', async () => {
    assert.deepEqual(await audit(['PATH=/bin', 'DB_PASSWORD=hunter-of-42', 'API_TOKEN=changeme', 'EMPTY='], []), [
      ['env', 'DB_PASSWORD', 'suspicious', '********'],
      ['env', 'API_TOKEN', 'placeholder', 'changeme'],
      ['env', 'EMPTY', 'empty', ''],
      ['env', 'PATH', 'public', '/bin'],
    ]);
  });
});
