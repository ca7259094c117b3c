import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { daemonFailure, isNoDaemon } from '../../src/source/docker-daemon-failure.ts';

const asked = { engine: 'docker', ref: 'app:1' } as const;

function failure(code: string | number, path: string, origin = 'default socket') {
  const error = Object.assign(
    new Error(`failed with ${code}`),
    typeof code === 'number' ? { statusCode: code } : { code },
  );
  return { endpoint: { engine: 'docker', origin, address: { kind: 'socket', path } }, error } as const;
}

describe('daemonFailure', () => {
  it('says that an image is not there where one daemon answered', () => {
    const error = daemonFailure(asked, [failure('ENOENT', '/a'), failure(404, '/b')]);
    assert.equal(error.code, 'IMAGE_NOT_FOUND');
    assert.match(error.message, /unix:\/\/\/b /);
  });

  it('says which socket may not be used, and what to do', () => {
    const error = daemonFailure(asked, [failure('EACCES', '/a'), failure('ENOENT', '/b')]);
    assert.equal(error.code, 'SOURCE_UNAVAILABLE');
    assert.match(error.message, /permission.*unix:\/\/\/a/);
    assert.match(error.hint ?? '', /group docker/);
    assert.equal(isNoDaemon(error), false);
  });

  it('tells the absence of any daemon from one that was named or is broken', () => {
    assert.equal(isNoDaemon(daemonFailure(asked, [failure('ENOENT', '/a'), failure('ECONNREFUSED', '/b')])), true);
    assert.equal(isNoDaemon(daemonFailure(asked, [failure('ENOENT', '/a', 'DOCKER_HOST')])), false);
    assert.equal(isNoDaemon(daemonFailure(asked, [failure(500, '/a')])), false);
  });
});
