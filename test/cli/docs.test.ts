import { execFileSync } from 'node:child_process';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, it } from 'mocha';

describe('docs/cli.md and docs/errors.md', () => {
  it('are what the tables say', function () {
    this.timeout(20_000);
    const script = fileURLToPath(new URL(`../../scripts/docs${extname(import.meta.url)}`, import.meta.url));
    execFileSync(process.execPath, [script, '--check'], { stdio: 'pipe' });
  });
});
