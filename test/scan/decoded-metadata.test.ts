/** An encoded secret in an image's metadata: found with its steps, and shown neither decoded nor as it is written. */

import assert from 'node:assert/strict';
import { before, describe, it } from 'mocha';
import { compileMatcher } from '../../src/detect/compiled-rules.ts';
import { parseImageConfig } from '../../src/oci/image-config.ts';
import { rulesById } from '../../src/scan/draft.ts';
import { joinMetadata, type ScannedString, scanMetadata } from '../../src/scan/join-metadata.ts';
import { Masker } from '../../src/scan/mask.ts';
import { matchTexts } from '../../src/scan/match-texts.ts';
import { secretTexts } from '../../src/scan/secret-texts.ts';
import { detector, randomText, ruleSet } from '../detect/rules.ts';

const rules = ruleSet(detector({ id: 'acme-token', at: 'token', anchors: ['acme_'], pattern: 'acme_[0-9A-Za-z]{32}' }));
const secret = `acme_${randomText(2, 32)}`;
const encoded = Buffer.from(`key: ${secret}, é`).toString('base64');

describe('an encoded secret in metadata', () => {
  const createdBy = `ENV É=1 CONFIG=${encoded}`;
  const config = parseImageConfig({
    config: { Env: ['É=1', `CONFIG=${encoded}`] },
    history: [{ created_by: createdBy, empty_layer: true }],
    rootfs: { type: 'layers', diff_ids: [] },
  });
  let scanned: ScannedString[] = [];

  before(async () => {
    scanned = await scanMetadata({ config }, async (texts) => matchTexts(compileMatcher(rules), texts));
  });

  it('is one finding where its variable is set', () => {
    const drafts = joinMetadata(config, scanned, rulesById(rules));
    assert.deepEqual(
      drafts.map(({ match, location, historyIndex }) => ({ secret: match.secret, location, historyIndex })),
      [{ secret, location: { kind: 'env', name: 'CONFIG', decoded: ['base64'] }, historyIndex: 0 }],
    );
  });

  it('is masked as it is written', () => {
    const shown = new Masker(secretTexts(scanned)).apply(createdBy);
    assert.equal(shown.includes(encoded.slice(6, 30)), false);
    assert.equal(shown.startsWith('ENV É=1 CONFIG='), true);
  });
});
