import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import {
  isBasicCredential,
  isNotSamplePassword,
  isSamplePassword,
  isStrongPassword,
  isWeakPassword,
} from '../../../src/detect/checks/password.ts';

const samples = ['password', 'Passw0rd', 'admin123', 'my_password', 'secret!', 'tiger', 'hunter2', 'user-pass'];
const templates = ['$(DB_PASS)', '$PASSWORD', '{{ .pass }}', '<password>', '%s%s%s', '********', 'auth[0]'];
const weak = ['blauwal', 'zomer2024', 'correctbattery'];
const strong = ['k9Tz-4hWq2', 'Vt6rN0bXw8Lm', '7f3a9c1e5b2d8046', 'a%40Kd8%23vQ2x'];

describe('passwords', () => {
  it('tells samples, templates, weak and strong ones apart', () => {
    for (const text of samples) {
      assert.equal(isNotSamplePassword(text), false, text);
      assert.equal(isSamplePassword(text), true, text);
    }
    for (const text of templates) {
      assert.equal(isNotSamplePassword(text), false, text);
      assert.equal(isSamplePassword(text), false, text);
    }
    for (const text of weak) assert.deepEqual([isWeakPassword(text), isStrongPassword(text)], [true, false], text);
    for (const text of strong) assert.deepEqual([isWeakPassword(text), isStrongPassword(text)], [false, true], text);
  });

  it('puts each password into one class at most', () => {
    for (const text of [...samples, ...templates, ...weak, ...strong, '', 'a', 'aaaaaaaa']) {
      const classes = [isSamplePassword(text), isWeakPassword(text), isStrongPassword(text)];
      assert.ok(classes.filter(Boolean).length <= 1, text);
    }
  });

  it('decodes basic credentials', () => {
    const encode = (text: string): string => Buffer.from(text).toString('base64');
    assert.deepEqual(isBasicCredential(encode('ci:Vt6rN0bXw8Lm')), { details: { user: 'ci' } });
    assert.equal(isBasicCredential(encode('user:password')), false);
    assert.equal(isBasicCredential(encode('jo:not the real password')), false);
    assert.deepEqual(isBasicCredential(encode('jo:seven quiet herons wade')), { details: { user: 'jo' } });
    assert.equal(isBasicCredential(encode('no colon in here')), false);
    assert.equal(isBasicCredential('not base64!'), false);
  });
});
