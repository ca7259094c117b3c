import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { didYouMean, nearNames } from '../../src/cli/near-name.ts';

const names = ['scan', 'env', 'rules', 'explain', 'pepipost', 'pepipost-api-key'];

describe('nearNames', () => {
  it('finds what was mistyped', () => {
    assert.deepEqual(nearNames('sacn', names), ['scan']);
    assert.deepEqual(nearNames('Explian', names), ['explain']);
    assert.deepEqual(nearNames('pepi', names), ['pepipost', 'pepipost-api-key']);
    assert.deepEqual(nearNames('kubernetes', names), []);
  });
});

describe('didYouMean', () => {
  it('makes a question of it', () => {
    assert.equal(didYouMean('pepi', names), 'Did you mean pepipost or pepipost-api-key?');
    assert.equal(didYouMean('kubernetes', names), undefined);
  });
});
