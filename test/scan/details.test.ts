/** What a secret says of itself reaches the report: masked, and with the clock that a layer's scan does not know. */

import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { DockerfileLines } from '../../src/scan/dockerfile-line.ts';
import { type Draft, rulesById } from '../../src/scan/draft.ts';
import { Fingerprinter } from '../../src/scan/fingerprint.ts';
import { finish } from '../../src/scan/finish.ts';
import { Masker } from '../../src/scan/mask.ts';
import { detector, ruleSet } from '../detect/rules.ts';

const rules = rulesById(
  ruleSet(detector({ id: 'acme-token', at: 'token', anchors: ['acme'], pattern: 'acme[a-z]{9}' })),
);

async function detailsOf(details: Record<string, string>): Promise<Readonly<Record<string, string>> | undefined> {
  const draft: Draft = {
    match: {
      rule: 'acme-token',
      provider: 'acme',
      secret: 'a',
      confidence: 'high',
      start: 0,
      end: 1,
      line: 1,
      details,
    },
    location: { kind: 'file', path: 'a' },
    alsoAt: [],
    exposure: 'live',
  };
  const [finding] = await finish([draft], {
    rules,
    history: [],
    lines: new DockerfileLines({ attachments: [], history: [] }),
    layers: [],
    madeBy: [],
    masker: new Masker(['Tq7Lm2zTkWx9Rb4Vn8Ks']),
    fingerprinter: new Fingerprinter(),
    showSecrets: false,
  });
  return finding?.details;
}

describe('details of a finding', () => {
  it('say whether what expires has expired', async () => {
    assert.equal((await detailsOf({ expires: '2014-11-07T19:08:35.000Z' }))?.['expired'], 'yes');
    assert.equal((await detailsOf({ expires: '9999-11-07T19:08:35.000Z' }))?.['expired'], 'no');
    assert.deepEqual(await detailsOf({ expires: 'never' }), { expires: 'never' });
  });

  it('are masked like everything else', async () => {
    const details = await detailsOf({ subject: 'x Tq7Lm2zTkWx9Rb4Vn8Ks y' });
    assert.equal(details?.['subject']?.includes('7Lm2zTkWx9'), false);
  });
});
