import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { describe, it } from 'mocha';
import { parse } from 'yaml';
import { parseConfig } from '../../src/cli/config.ts';
import { loadConfig } from '../../src/cli/config-file.ts';
import type { LowArgs } from '../../src/cli/flags.ts';
import { configChoice, parseArguments } from '../../src/cli/parse-arguments.ts';
import { ScanError } from '../../src/errors.ts';

const schema = JSON.parse(readFileSync('schemas/config.schema.json', 'utf8'));
const validate = new Ajv({ allErrors: true, allowUnionTypes: true }).compile(schema);

/** Every kind of value, and something for each thing that can be set for a rule. */
const full = `
min-confidence: low
only: [acme, other]
skip: acme-key
rule-files:
  - rules/acme.yaml
jobs: 3
timeout: 60
quiet: true
verbose: false
allow-inline: true
output: [json=report.json]
rules:
  acme: { severity: low }
  acme-key:
    confidence: high
    enabled: true
`;

function optionsOf(line: string, text: string, env: Record<string, string> = {}): LowArgs {
  const invocation = parseArguments(line.split(' '), env, parseConfig(text, '.whichlayer.yaml'));
  assert.equal(invocation.kind, 'run');
  return (invocation as Extract<typeof invocation, { kind: 'run' }>).options;
}

function mistakeIn(text: string): ScanError {
  try {
    parseConfig(text, 'c.yaml');
  } catch (error) {
    assert.ok(error instanceof ScanError);
    assert.equal(error.code, 'CONFIG_INVALID');
    return error;
  }
  return assert.fail(`${text} was taken`);
}

describe('parseConfig', () => {
  it('reads options and what is set for rules', () => {
    const { overrides, values } = parseConfig(full, 'conf/w.yaml');
    assert.deepEqual(overrides, [
      { id: 'acme', line: 14, severity: 'low' },
      { id: 'acme-key', line: 15, confidence: 'high', enabled: true },
    ]);
    const set = Object.fromEntries([...values].map(([{ name }, { texts }]) => [name, texts]));
    assert.deepEqual(set, {
      'min-confidence': ['low'],
      only: ['acme', 'other'],
      skip: ['acme-key'],
      rules: ['conf/rules/acme.yaml'],
      jobs: ['3'],
      timeout: ['60'],
      quiet: ['true'],
      'allow-inline': ['true'],
      output: ['json=report.json'],
    });
  });

  it('takes the example of the documentation', () => {
    const [, example = ''] = /```yaml\n([\s\S]+?)```/.exec(readFileSync('docs/config.md', 'utf8')) ?? [];
    const { values, overrides } = parseConfig(example, '.whichlayer.yaml');
    assert.deepEqual([values.size, overrides.length], [6, 3]);
    assert.ok(validate(parse(example)));
  });

  it('takes an empty file', () => {
    for (const text of ['', '# nothing\n', 'rules:\n']) assert.equal(parseConfig(text, 'c.yaml').values.size, 0);
  });

  const mistakes: readonly (readonly [text: string, hint: RegExp | undefined])[] = [
    ['min-confidense: low', /min-confidence/],
    ['show-secrets: true', /command line/],
    ['exit-zero: true', /command line/],
    ['config: x.yaml', /command line/],
    ['rules: [acme.yaml]', /rule-files/],
    ['rules: { acme: { enable: false } }', /enabled/],
    ['rules: { acme: { enabled: 1 } }', undefined],
    ['rules: { acme: { severity: hi } }', undefined],
    ['rules: { acme: off }', undefined],
    ['min-confidence: lo', /low/],
    ['min-confidence: [low]', undefined],
    ['min-confidence:', undefined],
    ['jobs: 0', undefined],
    ['jobs: { a: 1 }', undefined],
    ['quiet: maybe', undefined],
    ['quiet: true\nquiet: false', undefined],
    ['platform: x', undefined],
    ['- quiet', undefined],
    ['only: [', undefined],
  ];
  for (const [text, hint] of mistakes) {
    it(`refuses ${JSON.stringify(text)}, and says where`, () => {
      const error = mistakeIn(`\n${text}`);
      assert.match(error.message, /^c\.yaml:[1-9]/);
      if (hint !== undefined) assert.match(error.hint ?? '', hint);
    });
  }
});

describe('parseArguments with a configuration', () => {
  it('lets what was typed win over the environment, that over the file, that over the default', () => {
    const line = 'scan app';
    assert.equal(optionsOf(line, '').minConfidence, 'medium');
    assert.equal(optionsOf(line, 'min-confidence: high').minConfidence, 'high');
    const env = { WHICHLAYER_MIN_CONFIDENCE: 'low' };
    assert.equal(optionsOf(line, 'min-confidence: high', env).minConfidence, 'low');
    assert.equal(optionsOf(`${line} --min-confidence medium`, 'min-confidence: high', env).minConfidence, 'medium');
  });

  it('lets the environment turn off a switch of the file', () => {
    assert.equal(optionsOf('scan app', 'allow-inline: true').allowInline, true);
    assert.equal(optionsOf('scan app', 'allow-inline: true', { WHICHLAYER_ALLOW_INLINE: 'false' }).allowInline, false);
  });

  it('replaces lists, and does not add to them', () => {
    assert.deepEqual(optionsOf('scan app --only c', 'only: [a, b]').only, ['c']);
  });

  it('passes over what does not go with the command', () => {
    assert.equal(optionsOf('rules list', 'jobs: 2\nmin-confidence: low').format, 'table');
    assert.deepEqual(optionsOf('env app', 'jobs: 2').jobs, undefined);
  });
});

describe('configChoice', () => {
  const cases: readonly (readonly [
    line: string,
    env: Record<string, string>,
    file: string | undefined,
    isOff: boolean,
  ])[] = [
    ['scan app', {}, undefined, false],
    ['scan app --config a.yaml', { WHICHLAYER_CONFIG: 'b.yaml' }, 'a.yaml', false],
    ['scan app', { WHICHLAYER_CONFIG: 'b.yaml' }, 'b.yaml', false],
    ['scan app', { WHICHLAYER_CONFIG: '' }, undefined, false],
    ['scan app --no-config', { WHICHLAYER_CONFIG: 'b.yaml' }, 'b.yaml', true],
    ['scan app', { WHICHLAYER_NO_CONFIG: '1' }, undefined, true],
    ['scan app --config a.yaml', { WHICHLAYER_NO_CONFIG: '1' }, 'a.yaml', false],
    ['scan --help', {}, undefined, true],
    ['--version', {}, undefined, true],
  ];
  for (const [line, env, file, isOff] of cases) {
    it(`of ${line} ${JSON.stringify(env)}`, () => {
      assert.deepEqual(configChoice(line.split(' '), env), { file, isOff });
    });
  }

  it('is refused both ways at once', () => {
    assert.throws(() => configChoice(['scan', '--config', 'a', '--no-config'], {}), { code: 'USAGE_INVALID' });
  });
});

describe('loadConfig', () => {
  const missing = (): never => {
    throw Object.assign(new Error('none'), { code: 'ENOENT' });
  };

  it('needs no file, unless one is named', async () => {
    assert.equal(await loadConfig({ file: undefined, isOff: false }, missing), undefined);
    await assert.rejects(loadConfig({ file: 'a.yaml', isOff: false }, missing), { code: 'CONFIG_INVALID' });
  });

  it('reads the default one, and none where it must not', async () => {
    const asked: string[] = [];
    const read = (file: string): string => {
      asked.push(file);
      return 'jobs: 2';
    };
    assert.equal((await loadConfig({ file: undefined, isOff: false }, read))?.file, '.whichlayer.yaml');
    assert.equal(await loadConfig({ file: undefined, isOff: true }, read), undefined);
    assert.deepEqual(asked, ['.whichlayer.yaml']);
  });
});

describe('schemas/config.schema.json', () => {
  it('agrees with the parser', () => {
    assert.ok(validate(parse(full)), JSON.stringify(validate.errors));
    for (const text of [
      'jobs: 0',
      'quiet: maybe',
      'rules: [a]',
      'rules: { a: { enable: true } }',
      'min-confidence: lo',
    ]) {
      assert.ok(!validate(parse(text)), text);
    }
  });
});
