import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { flags, type LowArgs } from '../../src/cli/flags.ts';
import { parseArguments } from '../../src/cli/parse-arguments.ts';
import { ScanError } from '../../src/errors.ts';

const words = (line: string): string[] => line.split(' ').filter((word) => word !== '');

function optionsOf(line: string, env: Record<string, string> = {}): LowArgs {
  const invocation = parseArguments(words(line), env);
  assert.equal(invocation.kind, 'run');
  return invocation.kind === 'run' ? invocation.options : assert.fail();
}

function refusalOf(line: string, env: Record<string, string> = {}): ScanError {
  try {
    parseArguments(words(line), env);
  } catch (error) {
    assert.ok(error instanceof ScanError);
    assert.equal(error.code, 'USAGE_INVALID');
    return error;
  }
  return assert.fail(`${line} was taken`);
}

describe('parseArguments', () => {
  it('gives every option its default', () => {
    assert.deepEqual(optionsOf('scan app'), {
      source: 'auto',
      minConfidence: 'medium',
      severity: 'low',
      only: [],
      skip: [],
      rules: [],
      allowInline: false,
      showPublished: false,
      showSecrets: false,
      exitZero: false,
      format: 'table',
      output: [],
      noColor: false,
      quiet: false,
      verbose: false,
      debug: false,
      passwordStdin: false,
      allTags: false,
      noReferrers: false,
      instanceCredentials: false,
      checkPublic: false,
      caFile: [],
      insecureRegistry: [],
      allowHost: [],
      foreignLayers: false,
      base: [],
      skipBase: false,
      noCache: false,
      maxDepth: 4,
    });
  });

  const values: readonly (readonly [line: string, expected: Partial<LowArgs>])[] = [
    ['scan -f json app', { format: 'json' }],
    ['--format=json scan app', { format: 'json' }],
    ['scan app --format json --format table', { format: 'table' }],
    ['scan -qj 4 app', { quiet: true, jobs: 4 }],
    ['scan --max-depth 7 app', { maxDepth: 7 }],
    ['scan --only a,b --only c app', { only: ['a', 'b', 'c'] }],
    ['scan --rules a,b.yaml --rules c.yaml app', { rules: ['a,b.yaml', 'c.yaml'] }],
    [
      'scan -o json=a=b.json -o table=t app',
      {
        output: [
          { format: 'json', file: 'a=b.json' },
          { format: 'table', file: 't' },
        ],
      },
    ],
    ['scan --images-from -', { imagesFrom: '-' }],
    ['scan --platform linux/arm/v7 app', { platform: 'linux/arm/v7' }],
    ['scan --fail-on high --exit-zero --show-secrets app', { failOn: 'high', exitZero: true, showSecrets: true }],
    [
      'scan --timeout 60 -u me --password-stdin --insecure-registry h:5000 app',
      { timeoutSeconds: 60, username: 'me', passwordStdin: true, insecureRegistry: ['h:5000'] },
    ],
    [
      'scan --registry-token t --ca-file a,b.pem --ca-file c.pem --allow-host a,b --foreign-layers --check-public app',
      {
        registryToken: 't',
        caFile: ['a,b.pem', 'c.pem'],
        allowHost: ['a', 'b'],
        foreignLayers: true,
        checkPublic: true,
      },
    ],
    [
      'scan --source remote --min-confidence LOW --severity critical app',
      { source: 'remote', minConfidence: 'low', severity: 'critical' },
    ],
  ];
  for (const [line, expected] of values) {
    it(`reads ${line}`, () => {
      const options = optionsOf(line);
      for (const [name, value] of Object.entries(expected)) assert.deepEqual(options[name as keyof LowArgs], value);
    });
  }

  it('tells the command from its operands', () => {
    assert.deepEqual(parseArguments(['rules', 'show', 'a'], {}), {
      ...parseArguments(['rules'], {}),
      operands: ['show', 'a'],
    });
    const invocation = parseArguments(['scan', '--', '-strange', '--help'], {});
    assert.deepEqual(invocation.kind === 'run' && invocation.operands, ['-strange', '--help']);
  });

  it('takes variables where nothing was typed', () => {
    const env = { WHICHLAYER_FORMAT: 'json', WHICHLAYER_QUIET: 'yes', WHICHLAYER_SKIP: 'a,b', WHICHLAYER_JOBS: '' };
    assert.equal(optionsOf('scan app', env).format, 'json');
    assert.equal(optionsOf('scan -f table app', env).format, 'table');
    assert.equal(optionsOf('scan app', env).quiet, true);
    assert.equal(optionsOf('scan app', { WHICHLAYER_QUIET: '0' }).quiet, false);
    assert.deepEqual(optionsOf('scan app', env).skip, ['a', 'b']);
    assert.equal(optionsOf('scan app', env).jobs, undefined);
    assert.equal(optionsOf('scan app', { NO_COLOR: '1' }).noColor, true);
    assert.equal(optionsOf('scan app', { NO_COLOR: '' }).noColor, false);
  });

  it('never shows secrets or forgives findings for a variable', () => {
    const options = optionsOf('scan app', { WHICHLAYER_SHOW_SECRETS: '1', WHICHLAYER_EXIT_ZERO: '1' });
    assert.equal(options.showSecrets || options.exitZero, false);
  });

  it('leaves variables alone that do not go with the command', () => {
    assert.doesNotThrow(() => parseArguments(['explain', 'pepipost'], { WHICHLAYER_JOBS: 'many' }));
    assert.match(refusalOf('scan app', { WHICHLAYER_JOBS: 'many' }).message, /WHICHLAYER_JOBS/);
  });

  it('knows help and version, wherever they stand', () => {
    assert.deepEqual(parseArguments(['--help'], {}), { kind: 'help' });
    assert.deepEqual(parseArguments(['scan', '-h'], {}), { kind: 'help', command: 'scan' });
    assert.deepEqual(parseArguments(['help', 'env'], {}), { kind: 'help', command: 'env' });
    assert.deepEqual(parseArguments(['-V'], {}), { kind: 'version' });
  });

  const refused = [
    '',
    'scan',
    'env --images-from',
    'scan --jobs 0 app',
    'scan --jobs 1.5 app',
    'scan --jobs -q app',
    'scan --format xml app',
    'scan --output json app',
    'scan --output xml=a app',
    'scan --platform linux app',
    'scan --quiet=yes app',
    'scan -q -v app',
    'scan - -',
    'scan - --images-from -',
    'scan --password-stdin app',
    'scan -u me --password-stdin -',
    'rules --jobs 2',
    'rules list more',
    'rules show',
    'rules check',
    'explain',
    'explain a b',
    'scan --toString app',
    'help me',
  ];
  for (const line of refused) it(`refuses ${line || 'nothing at all'}`, () => refusalOf(line));

  const suggested: readonly (readonly [line: string, hint: RegExp])[] = [
    ['scan --fromat json app', /--format/],
    ['scan --min app', /--min-confidence/],
    ['sacn app', /scan/],
    ['app:1.4', /whichlayer scan app:1\.4/],
    ['scan --format jsn app', /json/],
    ['rules chek a.yaml', /check/],
  ];
  for (const [line, hint] of suggested)
    it(`suggests what ${line} may mean`, () => assert.match(refusalOf(line).hint ?? '', hint));
});

describe('flags', () => {
  it('have names and letters of their own', () => {
    for (const kind of ['name', 'short'] as const) {
      const taken = [
        ...flags.flatMap((flag) => flag[kind] ?? []),
        ...(kind === 'short' ? ['h', 'V'] : ['help', 'version']),
      ];
      assert.equal(new Set(taken).size, taken.length);
    }
  });
});
