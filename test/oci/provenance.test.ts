import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { parseDockerfile } from '../../src/oci/dockerfile.ts';
import { readProvenance } from '../../src/oci/provenance.ts';
import { envelope, provenance } from '../support/artifacts.ts';

const dockerfile = 'FROM base\nRUN make\n';
const layers = ['a', 'b', 'c'].map((digit, index) => ({
  digest: `sha256:${digit.repeat(64)}`,
  line: index < 2 ? 1 : 2,
}));

function statement(version: 'v0.2' | 'v1'): object {
  const [[predicateType, predicate]] = Object.entries(provenance(version, { dockerfile, layers })) as [
    [string, object],
  ];
  return { _type: 'https://in-toto.io/Statement/v0.1', predicateType, predicate };
}

describe('readProvenance', () => {
  for (const version of ['v0.2', 'v1'] as const) {
    it(`reads the Dockerfile and the lines of layers (SLSA ${version}), in an envelope or not`, () => {
      const bundle = { mediaType: 'x', dsseEnvelope: JSON.parse(envelope(statement(version))) as object };
      for (const text of [JSON.stringify(statement(version)), envelope(statement(version)), JSON.stringify(bundle)]) {
        const found = readProvenance(Buffer.from(text));
        assert.deepEqual(found?.dockerfile, { path: 'Dockerfile', text: dockerfile });
        assert.deepEqual(
          layers.map(({ digest }) => found?.layerLines.get(digest)),
          [1, 1, 2],
        );
      }
    });
  }

  it('takes anything, and is undefined without a Dockerfile', () => {
    for (const text of ['', '{', '[]', '{"payload":"!!"}', '{"predicate":{"runDetails":{"metadata":null}}}']) {
      assert.equal(readProvenance(Buffer.from(text)), undefined);
    }
    fc.assert(fc.property(fc.json(), (text) => readProvenance(Buffer.from(text)) === undefined));
  });
});

describe('parseDockerfile', () => {
  it('tells the first lines of instructions, joins what is continued and passes over the rest', () => {
    const text = [
      'FROM a AS b',
      '',
      '# RUN nothing',
      'RUN one \\',
      '  # a comment inside',
      '',
      '  && two',
      'COPY <<EOF /x',
      'ENV INSIDE=1',
      'EOF',
      'env A=b',
    ].join('\n');
    assert.deepEqual(parseDockerfile(text), [
      { line: 1, keyword: 'FROM', text: 'FROM a AS b' },
      { line: 4, keyword: 'RUN', text: 'RUN one && two' },
      { line: 8, keyword: 'COPY', text: 'COPY <<EOF /x', documents: [{ word: 'EOF', text: 'ENV INSIDE=1' }] },
      { line: 11, keyword: 'ENV', text: 'env A=b' },
    ]);
  });

  it('knows the escape directive of Windows', () => {
    const [run, next] = parseDockerfile('# escape=`\r\nRUN dir C:\\\r\nRUN a `\r\n b');
    assert.deepEqual([run?.text, next?.text], ['RUN dir C:\\', 'RUN a b']);
  });

  it('ends, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'RUN <E\\\n#-') }), (text) => {
        const lines = text.split('\n').length;
        assert.ok(parseDockerfile(text).every(({ line }) => line >= 1 && line <= lines));
      }),
    );
  });
});
