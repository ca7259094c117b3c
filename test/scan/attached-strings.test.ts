import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { attachedStrings } from '../../src/scan/attached-strings.ts';

function stringsOf(json: unknown): { name?: string; context?: string; value: string; isWhole?: boolean }[] {
  return [...attachedStrings({ title: 'sbom', document: Buffer.from(JSON.stringify(json)) })];
}

describe('attachedStrings', () => {
  it('gives strings with what says what they are, and the text last', () => {
    const text = { env: ['A=b'], 'build-arg:TOKEN': 'x', properties: [{ name: 'KEY', value: 'y' }] };
    const strings = stringsOf(text);
    assert.deepEqual(
      strings.map(({ name, context, value }) => [name, context, value]),
      [
        ['sbom › env.0', 'env', 'A=b'],
        ['sbom › build-arg:TOKEN', 'TOKEN', 'x'],
        ['sbom › properties.0.name', 'name', 'KEY'],
        ['sbom › properties.0.value', 'KEY', 'y'],
        ['sbom', '', JSON.stringify(text)],
      ],
    );
    assert.equal(strings.at(-1)?.isWhole, true);
  });

  it('looks into base64, and into JSON in it, a few levels down', () => {
    const inner = Buffer.from(JSON.stringify({ filename: 'Dockerfile', data: base64('FROM base\n'.repeat(5)) }));
    const strings = stringsOf({ payload: inner.toString('base64') });
    const dockerfile = strings.find(({ name }) => name === 'sbom › Dockerfile');
    assert.equal(dockerfile?.value, 'FROM base\n'.repeat(5));
    let nested: unknown = 'x'.repeat(40);
    for (let level = 0; level < 12; level++) nested = base64(JSON.stringify([nested]));
    assert.ok(stringsOf([nested]).length < 12);
  });

  it('looks into base64 behind any number of strings, and into a document of any size', () => {
    const many = Array.from({ length: 120_000 }, () => 'a');
    const values = stringsOf([...many, base64('hidden text '.repeat(4)), 'a\nb']).map(({ value }) => value);
    assert.ok(values.length < many.length);
    assert.ok(values.includes('hidden text '.repeat(4)));
    assert.ok(values.includes('a\nb'));
    const large = stringsOf({ pad: 'x'.repeat(3_000_000), data: base64('hidden text '.repeat(4)) });
    assert.ok(large.some(({ value }) => value === 'hidden text '.repeat(4)));
  });

  it('takes what is no JSON as a text', () => {
    const strings = [...attachedStrings({ title: 'note', document: Buffer.from('{ no json') })];
    assert.ok(strings.every(({ value }) => value === '{ no json'));
  });
});

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
