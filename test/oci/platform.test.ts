import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { formatPlatform, matchesPlatform, parsePlatform } from '../../src/oci/platform.ts';

describe('parsePlatform', () => {
  it('reads two or three parts, under any of an architecture’s names', () => {
    assert.equal(formatPlatform(parsePlatform('linux/arm64')), 'linux/arm64');
    assert.equal(formatPlatform(parsePlatform('Linux/aarch64/v8')), 'linux/arm64/v8');
  });

  it('refuses anything else', () => {
    for (const text of ['', 'linux', 'linux/', '/amd64', 'a/b/c/d', 'a/b/']) {
      assert.throws(() => parsePlatform(text), { code: 'USAGE_INVALID' });
    }
  });
});

describe('matchesPlatform', () => {
  const matches = (offered: string, wanted: string): boolean =>
    matchesPlatform(parsePlatform(offered), parsePlatform(wanted));

  it('takes any variant where none is asked for, and the usual one for none', () => {
    assert.ok(matches('linux/arm/v6', 'linux/arm'));
    assert.ok(matches('linux/arm64', 'linux/arm64/v8'));
    assert.ok(matches('linux/x86_64', 'linux/amd64'));
    assert.ok(!matches('linux/arm/v6', 'linux/arm/v7'));
    assert.ok(!matches('windows/amd64', 'linux/amd64'));
  });
});
