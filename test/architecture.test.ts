import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, it } from 'mocha';

/** The checkout, whether this runs from test/ or from dist/test/. */
const root = path.resolve(
  fileURLToPath(import.meta.url),
  import.meta.url.includes('/dist/test/') ? '../../..' : '../..',
);

/** For each folder of src, the folders it may import; design: data flows one way. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  oci: [],
  detect: [],
  layer: ['oci'],
  source: ['oci', 'layer'],
  scan: ['oci', 'layer', 'source', 'detect'],
  report: ['scan', 'source', 'detect'],
  remedy: ['scan', 'detect', 'report'],
  cli: ['oci', 'layer', 'source', 'detect', 'scan', 'report', 'remedy'],
};

/** Packages and the only place each is met. */
const metIn: Readonly<Record<string, RegExp>> = {
  dockerode: /^src\/source\/docker-daemon\.ts$/,
  'tar-stream': /^src\/layer\//,
  'zlib-sync': /^src\/layer\/inflate-sync\.ts$/,
  'p-limit': /^src\/scan\/pool\.ts$/,
  'cli-table3': /^src\/report\/[a-z-]*table[a-z-]*\.ts$/,
  yaml: /^src\/(?:detect\/[a-z-]+|cli\/config)\.ts$/,
  'smol-toml': /^src\/(?:detect\/gitleaks-file|source\/registry\/registries-conf)\.ts$/,
};

const files = globSync('src/**/*.ts', { cwd: root }).map((file) => file.split(path.sep).join('/'));

function importsOf(file: string): string[] {
  const text = readFileSync(path.join(root, file), 'utf8');
  const specifiers = [
    ...text.matchAll(/(?:^|\n)\s*(?:import|export)\b[^'"`;]*?from\s*'([^']+)'/gu),
    ...text.matchAll(/\bimport\(\s*'([^']+)'\s*\)/gu),
    ...text.matchAll(/(?:^|\n)import\s*'([^']+)'/gu),
  ];
  return specifiers.map((match) => match[1]!);
}

describe('the architecture', () => {
  it('has sources to look at', () => {
    assert.ok(files.length > 50, `${files.length} files`);
  });

  it('lets imports go one way', () => {
    const wrong: string[] = [];
    for (const file of files) {
      const from = file.split('/')[1]!;
      if (from.endsWith('.ts')) continue;
      for (const specifier of importsOf(file).filter((name) => name.startsWith('.'))) {
        const to = path.posix.join(path.posix.dirname(file), specifier).split('/')[1]!;
        if (to === from || to === 'errors.ts') continue;
        if (!mayImport[from]?.includes(to)) wrong.push(`${file} imports ${specifier}`);
      }
    }
    assert.deepEqual(wrong, []);
  });

  it('meets each package in one place', () => {
    const wrong: string[] = [];
    for (const file of files) {
      for (const specifier of importsOf(file)) {
        if (specifier.startsWith('.') || specifier.startsWith('node:')) continue;
        const place = metIn[specifier];
        if (place === undefined) wrong.push(`${file} imports ${specifier}, which has no place in this test`);
        else if (!place.test(file)) wrong.push(`${file} imports ${specifier}, which belongs to ${place}`);
      }
    }
    assert.deepEqual(wrong, []);
  });

  it('keeps the detection engine free of input and output', () => {
    const atTheEdge = new Set(['src/detect/load-rules.ts', 'src/detect/load-automaton.ts']);
    const wrong = files
      .filter((file) => file.startsWith('src/detect/') && !atTheEdge.has(file))
      .flatMap((file) =>
        importsOf(file)
          .filter((name) => /^node:(?:fs|net|http|https|child_process|worker_threads)/u.test(name))
          .map((name) => `${file}: ${name}`),
      );
    assert.deepEqual(wrong, []);
  });
});
