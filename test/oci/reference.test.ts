import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { ScanError } from '../../src/errors.ts';
import { formatImageName, isSameName, parseImageName, parseReference } from '../../src/oci/reference.ts';

const digest = `sha256:${'0a'.repeat(32)}`;

describe('parseImageName', () => {
  const names: readonly (readonly [string, string])[] = [
    ['app', 'docker.io/library/app:latest'],
    ['app:1.4', 'docker.io/library/app:1.4'],
    ['team/app', 'docker.io/team/app:latest'],
    ['docker.io/app', 'docker.io/library/app:latest'],
    ['index.docker.io/team/app:2', 'docker.io/team/app:2'],
    ['localhost/app', 'localhost/app:latest'],
    ['localhost:5000/app', 'localhost:5000/app:latest'],
    ['localhost:5000', 'docker.io/library/localhost:5000'],
    ['ghcr.io/team/sub/app:v1', 'ghcr.io/team/sub/app:v1'],
    ['127.0.0.1:5000/app:1', '127.0.0.1:5000/app:1'],
    ['[::1]:5000/app:1', '[::1]:5000/app:1'],
    [`app@${digest}`, `docker.io/library/app@${digest}`],
    [`app:1@${digest}`, `docker.io/library/app:1@${digest}`],
    ['a__b/c---d.e', 'docker.io/a__b/c---d.e:latest'],
  ];
  for (const [text, full] of names) {
    it(`reads ${text}`, () => {
      assert.equal(formatImageName(parseImageName(text)), full);
    });
  }

  for (const text of [
    'App',
    'a b',
    'a//b',
    '/app',
    'app:',
    'app:ta g',
    'app@sha256:12',
    'app@md5:00',
    'ho st.io/app',
    'a'.repeat(300),
    '-x',
    'x/-y',
  ]) {
    it(`refuses ${text.slice(0, 20)}`, () => {
      assert.throws(() => parseImageName(text), { code: 'REFERENCE_INVALID' });
    });
  }

  it('compares names as they are normalised', () => {
    assert.ok(isSameName('app', 'docker.io/library/app:latest'));
    assert.ok(!isSameName('app:1', 'app:2'));
    assert.ok(isSameName('no name at all', 'no name at all'));
  });
});

describe('parseReference', () => {
  const references: readonly (readonly [string, object])[] = [
    ['-', { kind: 'stdin' }],
    ['app', { kind: 'name', ref: 'app' }],
    ['docker:24', { kind: 'name', ref: 'docker:24' }],
    ['registry:2', { kind: 'name', ref: 'registry:2' }],
    [digest, { kind: 'name', ref: digest }],
    ['docker-daemon:app:1', { kind: 'docker-daemon', ref: 'app:1' }],
    [`docker-daemon:${digest}`, { kind: 'docker-daemon', ref: digest }],
    ['docker-daemon:0a0a0a0a0a0a', { kind: 'docker-daemon', ref: '0a0a0a0a0a0a' }],
    ['podman:sha256:0a0a0a', { kind: 'podman', ref: 'sha256:0a0a0a' }],
    ['docker://app', { kind: 'registry', name: { host: 'docker.io', repository: 'library/app', tag: 'latest' } }],
    ['docker-archive:a/b.tar', { kind: 'docker-archive', path: 'a/b.tar' }],
    ['docker-archive:b.tar:app:1', { kind: 'docker-archive', path: 'b.tar', select: { name: 'app:1' } }],
    ['docker-archive:b.tar:@2', { kind: 'docker-archive', path: 'b.tar', select: { index: 2 } }],
    ['docker-archive:C:\\b.tar:app', { kind: 'docker-archive', path: 'C:\\b.tar', select: { name: 'app' } }],
    ['oci-archive:b.tar:1', { kind: 'oci-archive', path: 'b.tar', select: { name: '1' } }],
    ['oci:folder', { kind: 'oci', path: 'folder' }],
    [`oci:folder@${digest}`, { kind: 'oci', path: 'folder', select: { digest } }],
    [`oci:folder:1@${digest}`, { kind: 'oci', path: 'folder', select: { digest } }],
    [`docker-archive:C:\\b.tar:@${digest}`, { kind: 'docker-archive', path: 'C:\\b.tar', select: { digest } }],
    ['container:web_1', { kind: 'container', ref: 'web_1' }],
    ['containers-storage:localhost/app:1', { kind: 'podman', ref: 'localhost/app:1' }],
    ['docker://h.io/a/b:1.*', { kind: 'repositories', host: 'h.io', repository: 'a/b', tag: '1.*' }],
    ['docker://h.io:5000/*', { kind: 'repositories', host: 'h.io:5000', repository: '*', tag: '*' }],
    ['h.io/team/*:latest', { kind: 'repositories', host: 'h.io', repository: 'team/*', tag: 'latest' }],
    ['app:1.?', { kind: 'repositories', host: 'docker.io', repository: 'library/app', tag: '1.?' }],
    ['./app', { kind: 'path', path: './app' }],
    ['.', { kind: 'path', path: '.' }],
    ['../app', { kind: 'path', path: '../app' }],
    ['/srv/a:b', { kind: 'path', path: '/srv/a:b' }],
    ['~/app', { kind: 'path', path: '~/app' }],
    ['app.tar', { kind: 'path', path: 'app.tar' }],
    ['a/app.tar.gz', { kind: 'path', path: 'a/app.tar.gz' }],
    ['app.tgz', { kind: 'path', path: 'app.tgz' }],
    ['app.tar.zst', { kind: 'path', path: 'app.tar.zst' }],
  ];
  for (const [text, expected] of references) {
    it(`reads ${text.slice(0, 40)}`, () => {
      const { name, ...reference } = parseReference(text) as { name?: object };
      const kept = 'name' in expected ? { ...reference, name } : reference;
      assert.deepEqual(kept, { text, ...expected });
    });
  }

  for (const text of [
    '',
    ' ',
    'docker-daemon:',
    'docker-archive:',
    'oci:x:',
    'https://host/app',
    'file:///x',
    'ftp://x',
    'dir:/x',
    'docker://',
    'docker://h.io/a:1*@sha256:0',
    'docker://*.io/a',
    'docker://h.io/a:1*/b',
    'container:',
    'container:-x',
    'containers-storage:[vfs@/x]app',
    `oci:@${digest}`,
    'docker://a b',
    'x'.repeat(5000),
  ]) {
    it(`refuses ${JSON.stringify(text.slice(0, 20))} and says what to write`, () => {
      assert.throws(
        () => parseReference(text),
        (error: unknown) =>
          error instanceof ScanError && error.code === 'REFERENCE_INVALID' && error.hint !== undefined,
      );
    });
  }

  it('does not repeat a password somebody put into a reference', () => {
    for (const text of ['https://me:hunter2@host/app', 'me:hunter2@host/app']) {
      assert.throws(
        () => parseReference(text),
        (error: unknown) =>
          error instanceof ScanError && !JSON.stringify([error.message, error.subject, error.hint]).includes('hunter2'),
      );
    }
  });

  it('gives a reference or REFERENCE_INVALID for any text', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom('a', ':', '/', '@', '.', '-', 'docker', 'oci') })),
        (text) => {
          try {
            assert.equal(parseReference(text).text, text);
          } catch (error) {
            assert.ok(error instanceof ScanError && error.code === 'REFERENCE_INVALID');
          }
        },
      ),
    );
  });
});
