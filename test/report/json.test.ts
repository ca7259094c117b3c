import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { describe, it } from 'mocha';
import { envReportJson, reportJson } from '../../src/report/json.ts';
import { cleanImage, envReport, incompleteImage, leakyImage, missingImage, reportOf } from './samples.ts';

type Json = Record<string, unknown>;

const report = reportOf([leakyImage, incompleteImage, missingImage, cleanImage], 12);

// Sources and build lie at different depths; the schemas do not move.
const here = import.meta.url.replace('/dist/test/', '/test/');

function validator(name: string): (value: unknown) => boolean {
  const schema = JSON.parse(readFileSync(new URL(`../../schemas/${name}`, here), 'utf8')) as Json;
  const ajv = new Ajv2020({ strict: true, strictRequired: false, strictTypes: false, allErrors: true });
  formats.default(ajv);
  return ajv.compile(schema);
}

/** A copy of the report with the value at a path changed; undefined takes it away. */
function changed(original: unknown, path: readonly (string | number)[], value: unknown): unknown {
  const copy = structuredClone(original) as Json;
  let node = copy;
  for (const key of path.slice(0, -1)) node = node[key] as Json;
  const last = String(path.at(-1));
  if (value === undefined) delete node[last];
  else node[last] = value;
  return copy;
}

describe('reportJson', () => {
  const isValid = validator(`report.schema.json`);

  it('writes what the schema says', () => {
    const text = reportJson(report);
    assert.ok(text.endsWith('}\n'));
    assert.deepEqual(JSON.parse(text), report);
    assert.ok(isValid(JSON.parse(text)));
  });

  it('writes whether anyone can pull an image as the schema says', () => {
    const reach = { registry: 'ghcr.io', public: 'yes', message: 'Anyone can.' } as const;
    const told = reportOf([{ ...leakyImage, reach }]);
    assert.ok(isValid(JSON.parse(reportJson(told))));
    const { message: _, ...without } = reach;
    assert.ok(!isValid({ ...told, images: [{ ...leakyImage, reach: without }] }));
  });

  it('writes proofs, bases and what became of a file as the schema says', () => {
    const finding = {
      ...leakyImage.findings[0]!,
      removedBy: { layer: 21, how: 'opaque' as const },
      liveIn: ['app:1'],
      proof: 'tar -xOf app.tar x | sed -n 1p',
    };
    const base = { name: 'debian:12', layers: 3, from: 'option', verified: true } as const;
    const told = reportOf([{ ...leakyImage, base, findings: [finding] }]);
    assert.ok(isValid(JSON.parse(reportJson(told))));
    const { verified: _, ...without } = base;
    assert.ok(!isValid({ ...told, images: [{ ...leakyImage, base: without }] }));
    assert.ok(!isValid({ ...told, images: [{ ...leakyImage, findings: [{ ...finding, proof: '' }] }] }));
  });

  it('escapes what moves a terminal, to the same value', () => {
    const nasty = { ...leakyImage, reference: 'a\u001b[2Jb\u009bc\u202ed\u2028e\u{e0041}f' };
    const text = reportJson(reportOf([nasty]));
    assert.doesNotMatch(text.replaceAll('\n', ''), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    assert.equal((JSON.parse(text) as { images: { reference: string }[] }).images[0]?.reference, nasty.reference);
  });

  const broken: readonly (readonly [path: readonly (string | number)[], value: unknown])[] = [
    [['schemaVersion'], 2],
    [['summary'], undefined],
    [['summary', 'secrets'], undefined],
    [['startedAt'], 'yesterday'],
    [['tool', 'ruleSet', 'digest'], 'md5'],
    [['images', 0, 'coverage'], undefined],
    [['images', 0, 'coverage', 'complete'], 'yes'],
    [['images', 0, 'coverage', 'skipped', 0, 'effect'], undefined],
    [['images', 0, 'layers', 0, 'index'], -1],
    [['images', 0, 'findings', 0, 'fingerprint'], undefined],
    [['images', 0, 'findings', 0, 'secret', 'masked'], undefined],
    [['images', 0, 'findings', 0, 'location', 'path'], undefined],
    [['images', 0, 'findings', 0, 'location', 'line'], 0],
    [['images', 0, 'findings', 0, 'layer'], null],
    [['images', 0, 'findings', 0, 'removedBy', 'layer'], undefined],
    [['images', 0, 'error'], { code: 'INTERNAL', message: 'both' }],
    [['images', 2, 'error', 'message'], undefined],
  ];
  for (const [path, value] of broken) {
    it(`is refused by the schema with ${path.join('.')} ${value === undefined ? 'missing' : `= ${JSON.stringify(value)}`}`, () => {
      assert.equal(isValid(changed(report, path, value)), false);
    });
  }

  it('may have fields and kinds of later versions', () => {
    assert.ok(isValid(changed(report, ['images', 0, 'findings', 0, 'verification'], { state: 'active' })));
    assert.ok(isValid(changed(report, ['images', 0, 'findings', 1, 'location', 'kind'], 'sbom')));
  });
});

describe('envReportJson', () => {
  const isValid = validator(`env-report.schema.json`);

  it('writes what the schema says', () => {
    assert.ok(isValid(JSON.parse(envReportJson(envReport))));
  });

  it('is refused by the schema where a secret has no provider or a verdict is missing', () => {
    assert.equal(isValid(changed(envReport, ['images', 0, 'entries', 5, 'provider'], undefined)), false);
    assert.equal(isValid(changed(envReport, ['images', 0, 'entries', 0, 'verdict'], undefined)), false);
    assert.equal(isValid(changed(envReport, ['images', 0, 'entries'], undefined)), false);
  });
});
