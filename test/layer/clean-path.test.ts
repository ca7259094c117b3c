import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { cleanPath } from '../../src/layer/clean-path.ts';

describe('cleanPath', () => {
  for (const [path, cleaned] of [
    ['a/b', 'a/b'],
    ['/a/b', 'a/b'],
    ['./a', 'a'],
    ['a//b///c', 'a/b/c'],
    ['a/./b', 'a/b'],
    ['a/b/', 'a/b'],
    ['a/../b', 'b'],
    ['../../a', 'a'],
    ['a/../../..', ''],
    ['.', ''],
    ['/', ''],
    ['', ''],
    ['...', '...'],
    ['.a/..b', '.a/..b'],
    ['Files/x', 'Files/x'],
  ] as const) {
    it(`makes ${JSON.stringify(path)} ${JSON.stringify(cleaned)}`, () => assert.equal(cleanPath(path), cleaned));
  }

  it('never leaves a part that leads elsewhere, and is done at once', () => {
    const part = fc.constantFrom('a', '.', '..', '', 'b', '.wh.c', '...');
    fc.assert(
      fc.property(fc.array(part), (parts) => {
        const cleaned = cleanPath(parts.join('/'));
        assert.ok(cleaned === '' || cleaned.split('/').every((each) => !['', '.', '..'].includes(each)));
        assert.equal(cleanPath(cleaned), cleaned);
      }),
    );
  });
});
