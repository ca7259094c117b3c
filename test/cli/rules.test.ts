import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { explain } from '../../src/cli/explain.ts';
import type { CommandIo } from '../../src/cli/io.ts';
import { rules } from '../../src/cli/rules.ts';
import type { Detector, RuleSet } from '../../src/detect/rule.ts';
import { ScanError } from '../../src/errors.ts';

const detector: Detector = {
  id: 'acme-api-key',
  title: 'Acme API key',
  severity: 'critical',
  confidence: 'high',
  anchors: ['acme'],
  at: 'name',
  before: 0,
  after: 160,
  pattern: '[0-9a-f]{32}',
  checks: ['digit'],
  not: [],
  boundary: true,
  allowPlaceholder: false,
  generic: false,
  examples: [],
  counterExamples: [],
  knownMisses: [],
};

const ruleSet: RuleSet = {
  digest: `sha256:${'0'.repeat(64)}`,
  providers: [
    {
      id: 'acme',
      name: 'Acme Mail',
      about: 'Acme Mail sends mail.',
      url: 'https://acme.example/docs',
      categories: ['email'],
      rotation: {
        summary: 'Settings → New key',
        opens: `Whoever holds it sends mail as you. ${'It also reads what was sent. '.repeat(8)}`,
        abuse: ['Look at the activity log.'],
        steps: Array.from({ length: 11 }, (_, index) => `Do the thing number ${index + 1}.`),
        breaks: 'Everything that sends.',
        url: 'https://acme.example/rotate',
      },
      detectors: [detector],
    },
  ],
};

/** Streams that keep what is written. */
function record(columns = 80): { io: CommandIo; text: () => string } {
  const written: string[] = [];
  const stream = { write: (text: string) => written.push(text), isTTY: false, columns };
  return { io: { stdout: stream, stderr: stream }, text: () => written.join('') };
}

const plain = { format: 'table', noColor: true };

describe('explain', () => {
  for (const name of ['acme', 'Acme Mail', 'ACME-API-KEY']) {
    it(`knows ${name}`, () => {
      const { io, text } = record();
      assert.equal(explain(name, ruleSet, plain, io), 0);
      for (const part of ['What it opens', '11. Do the thing', 'acme.example/rotate', 'acme-api-key'])
        assert.ok(text().includes(part));
      for (const line of text().split('\n')) assert.ok(line.length <= 80, line);
    });
  }

  it('suggests what is near to a name it does not know', () => {
    assert.throws(
      () => explain('acne', ruleSet, plain, record().io),
      (error) => error instanceof ScanError && error.code === 'USAGE_INVALID' && /acme/.test(error.hint ?? ''),
    );
  });
});

describe('rules', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'whichlayer-rules-'));
  });
  after(() => rm(folder, { recursive: true }));

  it('lists them', async () => {
    const { io, text } = record();
    assert.equal(await rules([], ruleSet, plain, io), 0);
    assert.match(text(), /acme-api-key +critical +high +Acme API key\n\n1 rule of 1 provider/);
  });

  it('lists them as JSON', async () => {
    const { io, text } = record();
    await rules(['list'], ruleSet, { ...plain, format: 'json' }, io);
    assert.equal((JSON.parse(text()) as { rules: { id: string }[] }).rules[0]?.id, 'acme-api-key');
  });

  it('shows one', async () => {
    const { io, text } = record();
    assert.equal(await rules(['show', 'acme-api-key'], ruleSet, plain, io), 0);
    assert.ok(text().includes(detector.pattern));
    await assert.rejects(rules(['show', 'acme'], ruleSet, plain, io), { code: 'USAGE_INVALID' });
  });

  it('checks files, and ends in 2 where one is wrong or missing', async () => {
    const bad = join(folder, 'bad.yaml');
    await writeFile(bad, 'id: acme\n');
    const { io, text } = record();
    assert.equal(await rules(['check', bad, join(folder, 'none.yaml')], ruleSet, plain, io), 2);
    assert.match(text(), /bad\.yaml:\d+: .*\n/);
    assert.match(text(), /none\.yaml: there is no such file/);
    assert.match(text(), /2 files, \d+ problems\n$/);
  });
});
