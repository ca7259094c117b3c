import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'mocha';
import { toolPackages } from './real/tool.ts';

describe('scripts/test-setup.sh', () => {
  it('installs the tools that the tests need, and no others', () => {
    const script = readFileSync('scripts/test-setup.sh', 'utf8');
    const [, table = ''] = /^tools="([^"]+)"/m.exec(script) ?? [];
    const pairs = table.split(/\s+/).map((entry) => entry.split(':'));
    assert.deepEqual(Object.fromEntries(pairs), { ...toolPackages });
  });
});
