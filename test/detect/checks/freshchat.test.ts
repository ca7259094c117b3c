import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { isFreshchatJwt, isFreshchatOrAnonymousJwt } from '../../../src/detect/checks/freshchat.ts';

function jwt(header: object, payload: object): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'HS256', ...header })}.${part(payload)}.${'s'.repeat(43)}`;
}

describe('isFreshchatJwt', () => {
  it('knows the issuer, alone or in a URL', () => {
    assert.equal(isFreshchatJwt(jwt({}, { iss: 'freshchat' })), true);
    assert.equal(isFreshchatJwt(jwt({}, { iss: 'https://login.freshchat.com/realms/a' })), true);
  });

  it('knows the audience where no issuer is named', () => {
    assert.equal(isFreshchatJwt(jwt({}, { aud: ['account', 'freshchat'] })), true);
  });

  it('knows the key id only together with the client id', () => {
    assert.equal(isFreshchatJwt(jwt({ kid: 'custom-oauth-keyid' }, { clientId: 'fc-7' })), true);
    assert.equal(isFreshchatJwt(jwt({ kid: 'custom-oauth-keyid' }, { clientId: 'shop' })), false);
  });

  it('takes no token of somebody else, whatever its audience or host name', () => {
    assert.equal(isFreshchatJwt(jwt({}, { iss: 'https://accounts.shop.internal', aud: 'freshchat' })), false);
    assert.equal(isFreshchatJwt(jwt({}, { iss: 'https://freshchat.com.shop.internal/' })), false);
    assert.equal(isFreshchatJwt('eyJhbGciOiJIUzI1NiJ9.freshchat.x'), false);
  });
});

describe('isFreshchatOrAnonymousJwt', () => {
  it('takes a token that names nobody, in freshchat context', () => {
    assert.equal(isFreshchatOrAnonymousJwt(jwt({}, { sub: '7' })), true);
    assert.equal(isFreshchatOrAnonymousJwt(jwt({}, { sub: '7', iss: 'shop' })), false);
    assert.equal(isFreshchatOrAnonymousJwt('a.b.c'), false);
  });
});
