/** Files that are a secret and nothing else, through a whole scan with the built-in rules: found by where they lie and what they are like. */

import assert from 'node:assert/strict';
import { createCipheriv, randomBytes } from 'node:crypto';
import { before, describe, it } from 'mocha';
import { type CompiledRules, compileMatcher } from '../../src/detect/compiled-rules.ts';
import { readRuleFolder } from '../../src/detect/load-rules.ts';
import { scanBlob } from '../../src/scan/scan-blob.ts';
import { randomHex, randomText } from '../detect/rules.ts';
import { tarOf } from '../support/packed-bytes.ts';
import { inChunks } from './record-layer.ts';

const dbeaver = (text: string): Buffer => {
  const iv = randomBytes(16);
  const cipher = createCipheriv('aes-128-cbc', Buffer.from('babb4a9f774ab853c96c2d653dfe544a', 'hex'), iv);
  return Buffer.concat([iv, cipher.update(text), cipher.final()]);
};

describe('files that are a secret', function () {
  this.timeout(60_000);
  let rules: CompiledRules;
  before(async () => {
    rules = compileMatcher(await readRuleFolder('rules'));
  });

  const scan = async (files: Readonly<Record<string, string | Uint8Array>>, depth = 4): Promise<string[][]> => {
    const { contents, diagnostics } = await scanBlob(
      inChunks(tarOf(files)),
      { rules, automaton: undefined, seed: 1 },
      { limits: { depth } },
    );
    assert.deepEqual(diagnostics, []);
    return contents.flatMap(({ path, nested, matches }) =>
      matches.map(({ rule, secret }) => [[path, ...nested].join(' › '), rule, secret]),
    );
  };

  it('are told by their folder and form', async () => {
    const [master, admin, rails] = [randomHex(1, 256), randomHex(2, 32), randomHex(3, 32)];
    const util = randomBytes(272);
    const cookie = randomText(4, 20, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ');
    const [vault, root] = [randomText(5, 18), randomText(6, 18)];
    const password = randomText(7, 14);
    const files = {
      'var/jenkins_home/secrets/master.key': master,
      'var/jenkins_home/secrets/hudson.util.Secret': util,
      'var/jenkins_home/secrets/initialAdminPassword': `${admin}\n`,
      'app/config/master.key': rails,
      'root/.vault_pass.txt': `${vault}\n`,
      'var/lib/rabbitmq/.erlang.cookie': cookie,
      'run/secrets/db_root_password': root,
      'root/.dbeaver/credentials-config.json': dbeaver(`{"pg":{"#connection":{"user":"a","password":"${password}"}}}`),
    };
    const found = await scan(files);
    assert.deepEqual(
      found.map(([place = '', rule, secret]) => [place.slice(place.lastIndexOf('/') + 1), rule, secret]),
      [
        ['master.key › master.key', 'jenkins-master-key', master],
        ['hudson.util.Secret › hudson.util.Secret', 'jenkins-hudson-util-secret', util.toString('base64')],
        ['initialAdminPassword › initialAdminPassword', 'jenkins-initial-admin-password', admin],
        ['master.key › master.key', 'generic-framework-secret', rails],
        ['.vault_pass.txt › .vault_pass.txt', 'ansible-password', vault],
        ['.erlang.cookie › .erlang.cookie', 'erlang-cookie', cookie],
        ['db_root_password › db_root_password', 'jdbc-datasource-password', root],
        ['credentials-config.json › credentials-config.json', 'dbeaver-password', password],
      ],
    );
  });

  it('are no archives: where none is opened nothing is left out', async () => {
    assert.deepEqual(await scan({ 'etc/passwd': 'root:x:0:0:root:/root:/bin/bash\n' }, 0), []);
  });

  it('are none where their form is another', async () => {
    const found = await scan({
      'srv/secrets/master.key': randomHex(8, 128),
      'srv/secrets/hudson.util.Secret': randomBytes(4000),
      'usr/share/bash-completion/completions/passwd': '# bash completion\ncomplete -F _passwd passwd\n',
      'etc/passwd': 'root:x:0:0:root:/root:/bin/bash\n',
      'lib/api_key': `#!/bin/sh\necho ${randomText(9, 20)}\n`,
      'run/secrets/mode': 'production',
      'root/.vault_pass': '#!/bin/sh\npass show vault\n',
      'root/.dbeaver/credentials-config.json': randomBytes(64),
    });
    assert.deepEqual(found, []);
  });
});
