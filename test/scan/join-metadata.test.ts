import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { Match } from '../../src/detect/rule.ts';
import { parseImageConfig } from '../../src/oci/image-config.ts';
import { entryThatSet, joinMetadata } from '../../src/scan/join-metadata.ts';
import { metadataStrings, textOf } from '../../src/scan/metadata-strings.ts';

const secret = 'q8Zr2Lx0Vb7Nw4KtQ1';
const other = 'Hh5Jd9Ws3Pf6Tm1YcR7';

interface Step {
  readonly created_by: string;
  readonly empty_layer?: boolean;
}

/** A configuration whose strings are scanned for two made-up secrets. */
function join(config: object, history: readonly Step[], extra: object = {}) {
  const parsed = parseImageConfig({ config, history, rootfs: { type: 'layers', diff_ids: [] }, ...extra });
  const scanned = metadataStrings(parsed).map((string) => {
    const text = textOf(string);
    const matches = [secret, other].filter((one) => text.includes(one)).map((one) => match(one, text.indexOf(one)));
    return { string, matches };
  });
  return joinMetadata(parsed, scanned, new Map()).map(({ location, match: found, historyIndex, alsoAt, exposure }) => {
    assert.equal(exposure, 'metadata');
    return { ...location, secret: found.secret, at: historyIndex, alsoAt };
  });
}

function match(found: string, start: number): Match {
  return { rule: 'r', provider: 'p', secret: found, confidence: 'high', start, end: start + found.length, line: 1 };
}

const empty = (created_by: string): Step => ({ created_by, empty_layer: true });

describe('joinMetadata', () => {
  it('takes an ENV and the instruction that set it for one finding', () => {
    const found = join({ Env: ['PATH=/bin', `KEY=${secret}`] }, [empty('CMD ["sh"]'), empty(`ENV KEY=${secret}`)]);
    assert.deepEqual(found, [{ kind: 'env', name: 'KEY', secret, at: 1, alsoAt: [] }]);
  });

  it('knows the classic dialect', () => {
    const found = join({ Env: [`KEY=${secret}`] }, [empty(`/bin/sh -c #(nop)  ENV KEY=${secret}`)]);
    assert.deepEqual(found, [{ kind: 'env', name: 'KEY', secret, at: 0, alsoAt: [] }]);
  });

  it('finds a value that was replaced in the history', () => {
    const found = join({ Env: [`KEY=${secret}`] }, [empty(`ENV KEY=${other}`), empty(`ENV KEY=${secret}`)]);
    assert.deepEqual(found, [
      { kind: 'env', name: 'KEY', secret, at: 1, alsoAt: [] },
      { kind: 'history', name: 'KEY', secret: other, at: 0, alsoAt: [] },
    ]);
  });

  it('attributes a value that was set twice to the last instruction', () => {
    const found = join({ Env: [`KEY=${secret}`] }, [
      empty(`ENV KEY=${secret}`),
      empty('USER app'),
      empty(`ENV KEY=${secret}`),
    ]);
    assert.deepEqual(found, [{ kind: 'env', name: 'KEY', secret, at: 2, alsoAt: [0] }]);
  });

  it('keeps two variables with the same secret apart', () => {
    const found = join({ Env: [`A=${secret}`, `B=${secret}`] }, [empty(`ENV A=${secret}`), empty(`ENV B=${secret}`)]);
    assert.deepEqual(found, [
      { kind: 'env', name: 'A', secret, at: 0, alsoAt: [] },
      { kind: 'env', name: 'B', secret, at: 1, alsoAt: [] },
    ]);
  });

  it('takes a build argument repeated in every later RUN for one finding', () => {
    const found = join({}, [
      empty('ARG TOKEN'),
      { created_by: `RUN |1 TOKEN=${secret} /bin/sh -c make # buildkit` },
      { created_by: `RUN |1 TOKEN=${secret} /bin/sh -c make install # buildkit` },
    ]);
    assert.deepEqual(found, [{ kind: 'history', name: 'TOKEN', secret, at: 1, alsoAt: [2] }]);
  });

  it('puts an argument with a default together with its RUNs', () => {
    const found = join({}, [empty(`ARG TOKEN=${secret}`), { created_by: `|1 TOKEN=${secret} /bin/sh -c make` }]);
    assert.deepEqual(found, [{ kind: 'arg', name: 'TOKEN', secret, at: 0, alsoAt: [1] }]);
  });

  it('keeps an argument and the variable made of it apart', () => {
    const found = join({ Env: [`KEY=${secret}`] }, [
      { created_by: `RUN |1 TOKEN=${secret} /bin/sh -c make # buildkit` },
      empty(`ENV KEY=${secret}`),
    ]);
    assert.deepEqual(found, [
      { kind: 'env', name: 'KEY', secret, at: 1, alsoAt: [] },
      { kind: 'history', name: 'TOKEN', secret, at: 0, alsoAt: [] },
    ]);
  });

  it('finds labels, commands and the rest where they stand', () => {
    const found = join(
      {
        Labels: { 'com.acme.key': secret },
        Cmd: ['app', '--key', other],
        Healthcheck: { Test: ['CMD', 'curl', secret] },
      },
      [empty(`LABEL com.acme.key=${secret}`), empty(`CMD ["app" "--key" "${other}"]`)],
    );
    assert.deepEqual(
      found,
      [
        { kind: 'label', name: 'com.acme.key', secret, at: 0, alsoAt: [] },
        { kind: 'cmd', secret: other, at: 1, alsoAt: [] },
        { kind: 'healthcheck', secret, at: undefined, alsoAt: [] },
      ].map(({ at, ...rest }) => ({ ...rest, at })),
    );
  });

  it('finds what stands in a RUN', () => {
    const found = join({}, [
      { created_by: `RUN /bin/sh -c curl -H "X-Key: ${secret}" https://acme.example # buildkit` },
    ]);
    assert.deepEqual(found, [{ kind: 'history', secret, at: 0, alsoAt: [] }]);
  });

  it('attributes an ENV of an image without history to nothing', () => {
    assert.deepEqual(join({ Env: [`KEY=${secret}`] }, []), [
      { kind: 'env', name: 'KEY', secret, at: undefined, alsoAt: [] },
    ]);
  });

  it('does not count what container_config repeats', () => {
    const found = join({ Env: [`KEY=${secret}`] }, [empty(`ENV KEY=${secret}`)], {
      container_config: { Env: [`KEY=${secret}`], Cmd: ['/bin/sh', '-c', '#(nop) ', `ENV KEY=${secret}`] },
    });
    assert.deepEqual(found, [{ kind: 'env', name: 'KEY', secret, at: 0, alsoAt: [] }]);
  });

  it('finds what only container_config or an unknown field holds', () => {
    const found = join({}, [], { container_config: { Env: [`KEY=${secret}`] }, 'x.build': { inner: [other] } });
    assert.deepEqual(found, [
      { kind: 'env', name: 'KEY', secret, at: undefined, alsoAt: [] },
      { kind: 'config', name: 'x.build.inner.0', secret: other, at: undefined, alsoAt: [] },
    ]);
  });
});

describe('entryThatSet', () => {
  const history = [
    'ENV A=1',
    'RUN |1 A=2 /bin/sh -c x # buildkit',
    '/bin/sh -c #(nop)  ENV A=2 B=x y',
    'ENV AB=31 "D"="4"',
    'CMD ["A=2"]',
  ].map((createdBy, index) => ({ index, createdBy, emptyLayer: true }));
  const find = (name: string, value: string): number | undefined => entryThatSet({ kind: 'env', name, value }, history);

  it('finds the last ENV that holds the assignment as it is', () => {
    assert.equal(find('A', '2'), 2);
    assert.equal(find('B', 'x y'), 2);
    assert.equal(find('A', '1'), 0);
    assert.equal(find('D', '4'), 3);
  });

  it('finds nothing where nobody set it, whoever set the same value or a longer name', () => {
    assert.equal(find('C', '1'), undefined);
    assert.equal(find('B', '31'), undefined);
  });
});
