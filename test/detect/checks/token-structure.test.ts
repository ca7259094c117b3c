import assert from 'node:assert/strict';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import {
  hasBase64JsonPart,
  hasDiscordBotId,
  hasGrafanaChecksum,
  isBase64Pair,
} from '../../../src/detect/checks/token-structure.ts';

const base62 = fc.string({ unit: fc.constantFrom(...'09AZaz'), minLength: 32, maxLength: 32 });

describe('hasGrafanaChecksum', () => {
  it('agrees with an independent CRC-32, and with no other', () => {
    fc.assert(
      fc.property(base62, (secret) => {
        const sum = Buffer.alloc(4);
        sum.writeUInt32LE(crc32(`glsa_${secret}`));
        assert.equal(hasGrafanaChecksum(`glsa_${secret}_${sum.toString('hex')}`), true);
        sum.writeUInt32LE((crc32(`glsa_${secret}`) ^ 1) >>> 0);
        assert.equal(hasGrafanaChecksum(`glsa_${secret}_${sum.toString('hex')}`), false);
      }),
    );
  });
});

describe('hasDiscordBotId', () => {
  it('reads the id in the first part', () => {
    const token = (id: string): string => `${Buffer.from(id).toString('base64url')}.GaBcDe.${'x'.repeat(38)}`;
    assert.equal(hasDiscordBotId(token('804917263548190726')), true);
    assert.equal(hasDiscordBotId(token('8123456789')), false);
    assert.equal(hasDiscordBotId(token('8123456789o1234567')), false);
  });
});

describe('hasBase64JsonPart', () => {
  it('finds a JSON object in some part', () => {
    const json = Buffer.from('{"u":"maps","a":"cl7"}').toString('base64');
    assert.equal(hasBase64JsonPart(`sk.${json}.signature`), true);
    assert.equal(hasBase64JsonPart(`sk.${json.slice(0, -6)}.signature`), false);
    assert.equal(hasBase64JsonPart('sk..'), false);
  });
});

describe('isBase64Pair', () => {
  it('wants exactly one colon between printable halves', () => {
    const encode = (text: string): string => Buffer.from(text).toString('base64');
    assert.equal(isBase64Pair(encode('VuaCfGcBCdbkQm:ui2lp2axTNmsya')), true);
    assert.equal(isBase64Pair(encode('VuaCfGcBCdbkQmui2lp2axTNmsya')), false);
    assert.equal(isBase64Pair(encode('a:b:c')), false);
    assert.equal(isBase64Pair('not base64!'), false);
  });
});
