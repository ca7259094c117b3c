import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { drawProgress, type ProgressLine, type ProgressOptions } from '../../src/cli/progress.ts';

/** A terminal that keeps what was written, with a clock that stands until it is moved. */
function terminal(options: Partial<ProgressOptions> = {}): {
  line: ProgressLine;
  written: string[];
  pass: (ms: number) => void;
} {
  const written: string[] = [];
  let time = 0;
  const line = drawProgress({
    write: (text) => written.push(text),
    isTTY: true,
    columns: () => 60,
    verbose: false,
    quiet: false,
    now: () => time,
    everyMs: 100,
    ...options,
  });
  return { line, written, pass: (ms) => (time += ms) };
}

function scanOne({ line, pass }: ReturnType<typeof terminal>): void {
  line.onEvent({ kind: 'opening', reference: 'app:\u001b1' });
  pass(200);
  line.onEvent({ kind: 'resolved', reference: 'app:\u001b1', title: 'docker-daemon app:1', layers: 3 });
  pass(200);
  line.onEvent({ kind: 'waiting', reason: 'the docker daemon prepares the archive' });
  pass(2000);
  line.onEvent({ kind: 'blob-start', key: `sha256:${'a'.repeat(64)}`, sizeBytes: 2_000_000 });
  pass(1000);
  line.onEvent({ kind: 'bytes', bytes: 2_000_000 });
  pass(200);
  line.onEvent({ kind: 'blob-end', key: `sha256:${'a'.repeat(64)}` });
}

describe('drawProgress', () => {
  it('draws one line over itself and takes it away', () => {
    const screen = terminal();
    scanOne(screen);
    screen.line.close();
    screen.line.close();
    const text = screen.written.join('');
    assert.match(text, /app:\\x1b1 {2}looking for the image/);
    assert.match(text, /the docker daemon prepares/);
    assert.match(text, /app:\\x1b1 {2}1\/3 layers {2}2\.0 MB {2}1\.7 MB\/s/);
    assert.ok(!text.includes('\n'));
    assert.equal(screen.written.at(-1), '\r\u001b[2K');
    assert.equal(screen.written.filter((part) => part === '\r\u001b[2K').length, screen.written.length / 2);
  });

  it('draws no more often than it should, and not beyond the edge', () => {
    const screen = terminal({ columns: () => 20 });
    for (let index = 0; index < 100; index++) {
      screen.line.onEvent({ kind: 'resolved', reference: 'x'.repeat(100), title: 't' });
      screen.pass(1);
    }
    screen.line.close();
    assert.equal(screen.written.filter((part) => part.startsWith('x')).length, 1);
    assert.ok(screen.written.every((part) => part.length < 20));
  });

  it('draws nothing after it was closed', () => {
    const screen = terminal({ verbose: true });
    screen.line.close();
    scanOne(screen);
    assert.deepEqual(screen.written, []);
  });

  it('is silent where there is no terminal', () => {
    const screen = terminal({ isTTY: false });
    scanOne(screen);
    screen.line.close();
    assert.deepEqual(screen.written, []);
  });

  it('says a line a layer with --verbose, terminal or not', () => {
    const screen = terminal({ isTTY: false, verbose: true });
    scanOne(screen);
    screen.line.close();
    assert.deepEqual(screen.written, ['docker-daemon app:1\n', 'scanned sha256:aaaaaaaaaaaa 2.0 MB in 1.2 s\n']);
  });
});
