import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { describe, it } from 'mocha';
import { categoryGuidance } from '../../src/detect/category-guidance.ts';
import { composeRotation } from '../../src/detect/compose-rotation.ts';

const subject = { name: 'Acme Mail', url: 'https://acme.example/keys', category: 'email', title: 'Acme Mail API key' };

describe('composeRotation', () => {
  it('fills what a file leaves out from the category, the console path and the documentation', () => {
    const rotation = composeRotation({ console: 'Settings → API' }, subject)!;
    assert.match(rotation.summary, /^Settings → API → /);
    assert.match(rotation.opens, /Acme Mail/);
    assert.equal(rotation.steps.filter((step) => step.includes('Settings → API')).length, 2);
    assert.ok(rotation.steps[0]!.includes(subject.url));
    for (const text of [rotation.opens, ...rotation.abuse, ...rotation.steps, rotation.breaks])
      assert.doesNotMatch(text, /[{}]/);
  });

  it('keeps what the file says', () => {
    const rotation = composeRotation(
      { summary: 's', opens: 'o', abuse: ['a'], steps: ['t'], breaks: 'b', url: 'u' },
      subject,
    );
    assert.deepEqual(rotation, { summary: 's', opens: 'o', abuse: ['a'], steps: ['t'], breaks: 'b', url: 'u' });
  });

  it('keeps summaries within a line', () => {
    const rotation = composeRotation(
      { console: 'A very long path → '.repeat(6) },
      { ...subject, name: 'N'.repeat(200) },
    )!;
    assert.ok(Array.from(rotation.summary).length <= 120);
  });

  it('knows no category it has no guidance for', () => {
    assert.equal(composeRotation({}, { ...subject, category: 'nonsense' }), undefined);
  });

  it('has guidance for every folder of rules but those that must be written in full', () => {
    const inFull = ['generic', 'keys'];
    const folders = readdirSync('rules', { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && !inFull.includes(entry.name))
      .map(({ name }) => name);
    assert.deepEqual(
      folders.filter((folder) => categoryGuidance[folder] === undefined),
      [],
    );
  });
});
