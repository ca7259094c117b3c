import assert from 'node:assert/strict';
import { stripVTControlCharacters } from 'node:util';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { findingsTable } from '../../src/report/findings-table.ts';
import { displayWidth } from '../../src/report/table.ts';
import type { Finding, ImageReport } from '../../src/scan/finding.ts';
import { assertGolden } from './golden.ts';
import { cleanImage, findings, incompleteImage, leakyImage, missingImage, reportOf } from './samples.ts';

const plain = { width: 80, color: false, showSecrets: false };
const leaky = reportOf([leakyImage], 12);
const fleet = reportOf([leakyImage, incompleteImage, missingImage, cleanImage], 3);

/** A report on one image with one finding. */
function reportOn(finding: Partial<Finding>, image: Partial<ImageReport> = {}): string {
  return findingsTable(reportOf([{ ...leakyImage, ...image, findings: [{ ...findings[1]!, ...finding }] }]), plain);
}

describe('findingsTable', () => {
  for (const width of [80, 160]) {
    it(`is the text a person reads at ${width} columns`, () => {
      assertGolden(`leaky-${width}.txt`, findingsTable(leaky, { ...plain, width }));
      assertGolden(`fleet-${width}.txt`, findingsTable(fleet, { ...plain, width }));
    });
  }

  it('says what the user suppressed, and by what', () => {
    const report = reportOf([cleanImage]);
    const summary = { ...report.summary, suppressed: { inline: 2, 'allow-list': 1 } };
    const text = findingsTable({ ...report, summary }, { ...plain, width: 160 });
    assert.match(text, /No secrets to show in /);
    assert.match(text, /2 findings suppressed by marks in their lines, 1 finding suppressed by allow-lists/);
  });

  it('fits every width', function () {
    this.timeout(20_000);
    for (let width = 40; width <= 200; width += 3) {
      for (const line of findingsTable(fleet, { ...plain, width }).split('\n')) {
        assert.ok(displayWidth(line) <= width, `${displayWidth(line)} columns of ${width}: ${line}`);
      }
    }
  });

  it('never breaks a masked secret', () => {
    for (let width = 40; width <= 200; width += 3) {
      const text = findingsTable(leaky, { ...plain, width });
      assert.ok(text.includes('7c11…813e') && text.includes('dop_…c4f1'));
      // What is left of a broken one: its beginning or end without the rest.
      assert.doesNotMatch(text, /dop_(?!…c4f1)|(?<!dop_…)c4f1|7c11(?!…813e)|(?<!7c11…)813e/);
    }
  });

  it('is the same text with colours, codes apart', () => {
    const coloured = findingsTable(fleet, { ...plain, color: true });
    assert.ok(coloured.includes('\u001b[41m'));
    assert.equal(stripVTControlCharacters(coloured), findingsTable(fleet, plain));
  });

  it('says first of all whether anyone can pull it', () => {
    const reachedBy = (answer: 'yes' | 'no' | 'unknown') =>
      reportOn({}, { reach: { registry: 'ghcr.io', public: answer, message: 'Who can pull it\u001b[2J is told.' } });
    const text = reachedBy('yes');
    assert.match(text, /^ PUBLIC {2}Who can pull it.* is told\.$/m);
    assert.ok(text.indexOf(' PUBLIC ') < text.search(/ (CRITICAL|HIGH|MEDIUM|LOW) /));
    for (const answer of ['no', 'unknown'] as const) {
      assert.match(reachedBy(answer), /^ Who can pull it.* is told\.$/m);
      assert.doesNotMatch(reachedBy(answer), /PUBLIC/);
    }
    assert.ok(!text.includes('\u001b'));
    assert.doesNotMatch(reportOn({}), /Who can pull it/);
  });

  it('puts the severe before the rest, and what is open before what is history', () => {
    const text = findingsTable(leaky, plain);
    const order = ['CRITICAL', 'HIGH', 'MEDIUM'].map((word) => text.indexOf(` ${word} `));
    assert.deepEqual(
      order,
      order.toSorted((a, b) => a - b),
    );
    assert.ok(text.indexOf('overwritten in layer 19') < text.indexOf('deleted in layer 21'));
  });

  it('says how many places it leaves out', () => {
    assert.match(findingsTable(leaky, plain), /… and 3 more \(--format json\)/);
  });

  it('never calls an incomplete scan clean', () => {
    const text = findingsTable(reportOf([incompleteImage]), plain);
    assert.match(text, /INCOMPLETE/);
    assert.doesNotMatch(text, /✓/);
    assert.match(text, /LIMIT_EXCEEDED × 5/);
  });

  it('says how a file went, and which other image has it', () => {
    const removed = { exposure: 'deleted', removedBy: { layer: 4, how: 'opaque' } } as const;
    assert.match(reportOn(removed), /hidden by an opaque folder in layer 4, still in every pull\n/);
    assert.match(reportOn({ ...removed, liveIn: [] }), /opaque folder in layer 4; live in no scanned image\n/);
    assert.match(
      reportOn({ exposure: 'overwritten', liveIn: ['app:1', 'app:2'] }),
      /overwritten later; live in app:1 \+1/,
    );
    const dockerfile = { path: 'Dockerfile', line: 3, stage: 'build' };
    const attested = {
      location: { kind: 'attestation', name: 'provenance build-arg:X' },
      exposure: 'attestation',
    } as const;
    assert.match(
      reportOn({ ...attested, instruction: { createdBy: 'ARG X', dockerfile } }),
      /metadata of build stage build/,
    );
  });

  it('names what a header says', () => {
    const located = (name?: string): string =>
      reportOn({ location: { kind: 'path', path: 'app/x', ...(name === undefined ? {} : { name }) } });
    assert.match(located(), /file name app\/x/);
    assert.match(located('link target'), /link target of app\/x/);
    assert.match(located('SCHILY.xattr.user.t'), /xattr user\.t of app\/x/);
  });

  it('names the base and its layers', () => {
    const base = { name: 'debian:12', layers: 3, from: 'option', verified: true } as const;
    const text = reportOn({ layer: { index: 1, baseImage: 'debian:12' } }, { base });
    assert.match(text, /^ base debian:12: layers 0–2 \(compared\)$/m);
    assert.match(text, /layer 1 \(base\)/);
    assert.match(
      reportOn({}, { base: { name: 'x', from: 'annotation', verified: false } }),
      /^ base x \(its annotation says\)$/m,
    );
  });

  it('shows proofs on one line each where more is asked for', () => {
    const proof = `tar -xOf app.tar ${'x'.repeat(200)} | sed -n 1p`;
    const report = reportOf([{ ...leakyImage, findings: [{ ...findings[0]!, proof }] }]);
    assert.ok(findingsTable(report, { ...plain, verbose: true }).includes(`\n   proof: ${proof}\n`));
    assert.doesNotMatch(findingsTable(report, plain), /proof/);
  });

  it('shows a secret in full where it is asked to and has it', () => {
    const secret = { masked: '-----…----', length: 30, value: 'first line\nsecond\u001b[31m line' };
    const report = reportOf([{ ...leakyImage, findings: [{ ...findings[0]!, secret }] }]);
    const shown = findingsTable(report, { ...plain, showSecrets: true });
    assert.match(shown, /value: first line\n {10}second\\x1b\[31m line\n/);
    assert.doesNotMatch(findingsTable(report, plain), /first line/);
  });

  it('lets nothing from an image move the terminal', function () {
    this.timeout(20_000);
    const nasty = fc.string({
      unit: fc.constantFrom(
        '\u001b',
        '\n',
        '\r',
        '\t',
        '\u0085',
        '\u009b',
        '\u202e',
        '\u2066',
        '\u2028',
        '\u200b',
        '[',
        'a',
        '/',
        ' ',
        '\u{e0041}',
        '\ud800',
        '中',
      ),
    });
    fc.assert(
      fc.property(nasty, nasty, nasty, nasty, (a, b, c, d) => {
        const text = reportOn(
          {
            title: a,
            provider: c,
            secret: { masked: b, length: 9 },
            companion: { name: c, masked: d },
            location: { kind: 'file', path: c, nested: [d], decoded: [a] },
            instruction: { historyIndex: 1, createdBy: `RUN ${d}${b}${a}` },
            remediation: { summary: d },
            exposure: 'deleted',
            liveIn: [a],
          },
          {
            base: { name: b, from: 'annotation', verified: false },
            reference: a,
            platform: c,
            coverage: {
              ...leakyImage.coverage,
              complete: false,
              skipped: [{ code: 'LIMIT_EXCEEDED', subject: b, message: d, effect: 'incomplete' }],
            },
          },
        );
        assert.doesNotMatch(text.replaceAll('\n', ''), /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
        const inHeader = reportOn({ location: { kind: 'path', path: a, name: b, nested: [c] } });
        assert.doesNotMatch(inHeader.replaceAll('\n', ''), /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
        const named = reportOn({ location: { kind: 'env', name: d }, exposure: 'metadata' });
        assert.doesNotMatch(named.replaceAll('\n', ''), /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
      }),
      { numRuns: 60 },
    );
  });

  it('stays small on a path or an instruction of megabytes', () => {
    const long = 'x/'.repeat(1 << 20);
    const text = reportOn({
      location: { kind: 'file', path: long },
      instruction: { historyIndex: 1, createdBy: long },
    });
    assert.ok(text.length < 10_000);
  });
});
