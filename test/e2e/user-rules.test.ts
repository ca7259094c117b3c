/** What a user brings along: gitleaks rules, a configuration file, marks in the image's lines. */

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { after, before, describe, it } from 'mocha';
import type { Report } from '../../src/scan/finding.ts';
import { randomText } from '../detect/rules.ts';
import { buildImage } from '../support/build-image.ts';
import { type Outcome, onlyImage, whichlayer } from '../support/plant/cli.ts';
import { createWorkspace, removeWorkspace } from '../support/real/workspace.ts';

const tokens = Array.from({ length: 6 }, (_, index) => `zacme_${randomText(index + 1, 24)}`);

const gitleaks = `
[[rules]]
id = "zacme-token"
description = "Zacme token"
regex = '''\\bzacme_[0-9A-Za-z]{24}\\b'''
keywords = ["zacme_"]
[[rules.allowlists]]
paths = ['''(?:^|/)samples/''']

[[rules]]
id = "nameless"
regex = '''[0-9a-f]{40}'''
`;

describe('rules, configuration and marks of a user', () => {
  let folder = '';

  before(() => {
    folder = createWorkspace('user-rules');
    writeFileSync(join(folder, 'gitleaks.toml'), gitleaks);
    writeFileSync(
      join(folder, 'app.tar'),
      buildImage({
        layers: [
          {
            files: {
              'app/a.env': `A=${tokens[0]}\nB=${tokens[1]} # whichlayer:allow\nC=${tokens[2]} # gitleaks:allow\n`,
              'app/samples/a.env': `A=${tokens[3]}\n`,
              'app/.whichlayer.yaml': 'rules: { zacme-token: { enabled: false } }\n',
            },
          },
        ],
        history: [
          { created_by: 'COPY . /' },
          { created_by: `RUN /bin/sh -c login ${tokens[4]} # whichlayer:allow`, empty_layer: true },
          { created_by: `RUN /bin/sh -c login ${tokens[5]}`, empty_layer: true },
        ],
      }),
    );
  });
  after(() => removeWorkspace(folder));

  const run = (args: readonly string[], env: Record<string, string> = {}): Promise<Outcome> =>
    whichlayer(args, { cwd: folder, env });
  const scan = async (args: readonly string[] = [], env: Record<string, string> = {}): Promise<[Report, Outcome]> => {
    const outcome = await run(['scan', '--format', 'json', '--show-secrets', ...args, './app.tar'], env);
    return [JSON.parse(outcome.stdout) as Report, outcome];
  };
  const found = (report: Report): (number | undefined)[] =>
    onlyImage(report)
      .findings.filter(({ rule }) => rule === 'zacme-token')
      .map(({ secret }) => tokens.indexOf(secret.value ?? ''))
      .sort();

  it('finds what gitleaks rules describe, and says what it could not look for', async () => {
    const [report, { code }] = await scan(['--rules', 'gitleaks.toml']);
    assert.deepEqual(found(report), [0, 1, 2, 4, 5]);
    assert.deepEqual(report.summary.suppressed, { 'allow-list': 1 });
    assert.deepEqual(
      report.diagnostics.map(({ code: what, effect }) => [what, effect]),
      [['RULE_UNSUPPORTED', 'incomplete']],
    );
    assert.equal(code, 1);
    assert.equal((await run(['rules', 'check', 'gitleaks.toml'])).code, 2);
  });

  it('is incomplete without a rule that was asked for, and complete where that is skipped', async () => {
    const quiet = ['--rules', 'gitleaks.toml', '--skip', 'zacme-token'];
    assert.equal((await scan(quiet))[1].code, 4);
    assert.equal((await scan([...quiet, '--skip', 'nameless']))[1].code, 0);
  });

  it('believes marks only where it is told to', async () => {
    const [report] = await scan(['--rules', 'gitleaks.toml', '--allow-inline']);
    assert.deepEqual(found(report), [0, 5]);
    assert.deepEqual(report.summary.suppressed, { 'allow-list': 1, inline: 3 });
    const { stdout } = await run(['env', '-f', 'json', '--rules', 'gitleaks.toml', '--allow-inline', './app.tar']);
    assert.deepEqual(JSON.parse(stdout).summary.suppressed, { inline: 1 });
  });

  it('reads the configuration in the folder it runs in, and says so; never one in an image', async () => {
    writeFileSync(
      join(folder, '.whichlayer.yaml'),
      'rule-files: gitleaks.toml\nallow-inline: true\nrules:\n  zacme-token: { severity: low, confidence: high }\n  nameless: { enabled: false }\n',
    );
    const [report, { stderr }] = await scan();
    assert.match(stderr, /\.whichlayer\.yaml/);
    assert.equal(report.tool.config, '.whichlayer.yaml');
    assert.deepEqual(found(report), [0, 5]);
    assert.deepEqual(
      [...new Set(onlyImage(report).findings.map(({ severity, confidence }) => `${severity} ${confidence}`))],
      ['low high'],
    );
    assert.deepEqual(report.diagnostics, []);
    assertSchema('report', report);
    assertSchema('env-report', JSON.parse((await run(['env', '-f', 'json', './app.tar'])).stdout));
    assert.deepEqual(found((await scan([], { WHICHLAYER_ALLOW_INLINE: 'false' }))[0]), [0, 1, 2, 4, 5]);
    assert.equal((await scan(['--no-config']))[0].tool.config, undefined);
  });

  it('refuses a configuration with a mistake before anything is scanned', async () => {
    for (const text of ['rules: { zacme-tokn: { enabled: false } }\nrule-files: gitleaks.toml', 'jobbs: 1']) {
      writeFileSync(join(folder, 'wrong.yaml'), text);
      const { code, stdout, stderr } = await run(['scan', '--config', 'wrong.yaml', './app.tar']);
      assert.deepEqual([code, stdout], [2, '']);
      assert.match(stderr, /wrong\.yaml:1: .*\n {2}Did you mean (?:zacme-token|jobs)\?/);
    }
  });

  it('takes categories for --only and --skip, and suggests a name', async () => {
    assert.deepEqual(found((await scan(['--no-config', '--rules', 'gitleaks.toml', '--only', 'custom']))[0]).length, 5);
    assert.deepEqual(found((await scan(['--no-config', '--rules', 'gitleaks.toml', '--skip', 'gitleaks']))[0]), []);
    const { code, stderr } = await run(['scan', '--only', 'zacme-tokn', './app.tar']);
    assert.equal(code, 2);
    assert.match(stderr, /Did you mean zacme-token\?/);
  });
});

/** That a report is what its published schema describes. */
function assertSchema(name: string, report: unknown): void {
  const ajv = new Ajv2020({ allErrors: true, strict: false, validateFormats: false });
  const validate = ajv.compile(JSON.parse(readFileSync(`schemas/${name}.schema.json`, 'utf8')) as object);
  assert.ok(validate(report), JSON.stringify(validate.errors));
}
