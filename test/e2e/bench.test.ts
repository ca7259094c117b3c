/** `make bench` on next to nothing, so that it does not rot: figures of such a run mean nothing, that they are there does. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { after, before, describe, it } from 'mocha';

const script = fileURLToPath(new URL(`../../scripts/bench${extname(import.meta.url)}`, import.meta.url));
/** A scanner that finds something in no time. */
const peer = '#!/bin/sh\ncase "$1" in --version) echo 9.9.9 ;; *) exit 1 ;; esac\n';

describe('the bench', () => {
  let folder = '';
  let output = '';

  before(async function () {
    if (process.platform !== 'linux') this.skip();
    this.timeout(240_000);
    folder = mkdtempSync(join(tmpdir(), 'whichlayer-bench-test-'));
    writeFileSync(join(folder, 'betterleaks'), peer);
    chmodSync(join(folder, 'betterleaks'), 0o755);
    // Scanners that happen to be installed would take minutes.
    const env = { PATH: '/usr/local/bin:/usr/bin:/bin', PEERS: folder, BENCH: 'smoke', BENCH_FOLDER: folder };
    const bench = spawn(process.execPath, [script], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let complaints = '';
    bench.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    bench.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaints += text;
    });
    const [code] = (await once(bench, 'close')) as [number | null];
    assert.equal(code, 0, complaints);
  });
  after(() => {
    if (folder !== '') rmSync(folder, { recursive: true, force: true });
  });

  /** The cells of a table's row; the row must be there once under its heading. */
  function row(heading: string, name: string): string[] {
    const section = output.split(/^### /m).find((text) => text.startsWith(`${heading}\n`));
    assert.ok(section !== undefined, `no section ${heading} in:\n${output}`);
    const rows = section.split('\n').filter((line) => line.startsWith(`| ${name} `));
    assert.equal(rows.length, 1, `${name} in:\n${section}`);
    return rows[0]!
      .split('|')
      .slice(2, -1)
      .map((cell) => cell.trim());
  }

  it('measures scans beside the limits', () => {
    for (const name of ['gzip -dc', 'node:zlib, createGunzip', 'whole scan, 1 job', 'from a registry, cold cache']) {
      const [throughput, wall, cpu, peak, runs, exit] = row('Side by side', name);
      for (const figure of [throughput, wall]) assert.ok(Number(figure) > 0, `${name}: ${figure}`);
      // Of so small an image gzip may be done before its memory is looked at.
      if (name !== 'gzip -dc') assert.ok(Number(peak) > 0, `${name}: ${peak}`);
      assert.ok(Number(cpu) >= 0, `${name}: ${cpu}`);
      assert.equal(runs, '1');
      assert.ok(exit === '0' || exit === '1', `${name} ended with ${exit}`);
    }
  });

  it('counts the CPU of what it starts', () => {
    const [, , cpu, peak] = row('Side by side', 'whole scan, 1 job');
    assert.ok(Number(cpu) > 0.05, `${cpu} s`);
    assert.ok(Number(peak) > 20, `${peak} MB`);
  });

  it('runs other scanners with their exit status', () => {
    assert.equal(row('Side by side', 'betterleaks 9.9.9').at(-1), '1');
    assert.ok(Number(row('Aims', 'wall time × betterleaks')[1]) > 1);
    assert.deepEqual(row('Aims', 'wall time × Kingfisher').slice(1), ['–', 'not measured']);
  });

  it('takes the stages one by one', () => {
    const stages = ['inflate', '+ both digests', '+ tar walk', '+ nested archives', '+ automaton', '+ rules'];
    for (const stage of stages) assert.ok(Number(row('Stages, one thread scanning', stage)[0]) > 0, stage);
  });

  it('tells cost by size and by rules', () => {
    const [megabytes, layers, files] = row('Size', '0.002 GB');
    assert.ok(Number(megabytes) >= 2, megabytes);
    assert.deepEqual([layers, files], ['3', '90']);
    const rules = [...output.matchAll(/^\| (\d+) detectors /gm)].map((match) => Number(match[1]));
    assert.equal(rules.length, 3);
    assert.ok(rules[0]! <= 100 && rules[1]! * 2 <= rules[2]! && rules[2]! > 500, rules.join(', '));
    assert.match(output, /^dearest detectors /m);
  });

  it('leaves nothing behind', () => {
    assert.deepEqual(readdirSync(folder), ['betterleaks']);
  });
});
