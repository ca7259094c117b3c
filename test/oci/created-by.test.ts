import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { parseCreatedBy } from '../../src/oci/created-by.ts';

const file = `file:${'ab'.repeat(32)}`;

describe('parseCreatedBy', () => {
  const cases: readonly (readonly [string, string, object])[] = [
    ['classic ENV', '/bin/sh -c #(nop)  ENV A=b c', { instruction: 'ENV', args: [], text: 'A=b c' }],
    [
      'classic COPY',
      `/bin/sh -c #(nop) COPY ${file} in /a.txt `,
      { instruction: 'COPY', args: [], text: `${file} in /a.txt ` },
    ],
    ['classic ARG', '/bin/sh -c #(nop)  ARG T=x=y', { instruction: 'ARG', args: [], text: 'T=x=y' }],
    ['classic CMD', '/bin/sh -c #(nop)  CMD ["sh"]', { instruction: 'CMD', args: [], text: '["sh"]' }],
    ['classic RUN', '/bin/sh -c apt-get update', { instruction: 'RUN', args: [], text: 'apt-get update' }],
    [
      'classic RUN with arguments',
      '|2 A=1 B=2 /bin/sh -c make',
      {
        instruction: 'RUN',
        args: [
          { name: 'A', value: '1' },
          { name: 'B', value: '2' },
        ],
        text: 'make',
      },
    ],
    ['BuildKit ENV', 'ENV A=b', { instruction: 'ENV', args: [], text: 'A=b' }],
    ['BuildKit COPY', 'COPY a.txt /a.txt # buildkit', { instruction: 'COPY', args: [], text: 'a.txt /a.txt' }],
    ['BuildKit RUN', 'RUN /bin/sh -c echo "# hi" # buildkit', { instruction: 'RUN', args: [], text: 'echo "# hi"' }],
    [
      'BuildKit RUN with arguments',
      'RUN |1 T=v /bin/sh -c cmd # buildkit',
      { instruction: 'RUN', args: [{ name: 'T', value: 'v' }], text: 'cmd' },
    ],
    [
      'BuildKit heredoc',
      'RUN /bin/sh -c <<EOF (set -e...)\nset -e\nEOF # buildkit',
      { instruction: 'RUN', args: [], text: '<<EOF (set -e...)\nset -e\nEOF' },
    ],
    [
      'a value with blanks',
      '|1 A=x y z /bin/sh -c cmd',
      { instruction: 'RUN', args: [{ name: 'A', value: 'x y z' }], text: 'cmd' },
    ],
    [
      'one value that looks like two',
      '|1 A=x B=y /bin/sh -c cmd',
      { instruction: 'RUN', args: [{ name: 'A', value: 'x B=y' }], text: 'cmd' },
    ],
    ['an empty value', '|1 A= /bin/sh -c cmd', { instruction: 'RUN', args: [{ name: 'A', value: '' }], text: 'cmd' }],
    [
      'another shell',
      '|1 A=x /bin/bash -eo pipefail -c cmd',
      { instruction: 'RUN', args: [{ name: 'A', value: 'x' }], text: 'cmd' },
    ],
    [
      'buildah marks',
      '/bin/sh -c make |inheritLabels=false|force-mtime=10',
      { instruction: 'RUN', args: [], text: 'make' },
    ],
    ['buildah ENV', '/bin/sh -c #(nop) ENV A=b|inheritLabels=false', { instruction: 'ENV', args: [], text: 'A=b' }],
    ['kaniko', 'COPY --from=0 /a /b', { instruction: 'COPY', args: [], text: '--from=0 /a /b' }],
    ['Windows cmd', 'cmd /S /C dir', { instruction: 'RUN', args: [], text: 'dir' }],
    ['Windows nop', 'cmd /S /C #(nop)  ENV A=b', { instruction: 'ENV', args: [], text: 'A=b' }],
    [
      'powershell',
      "powershell -Command $ErrorActionPreference = 'Stop'; #(nop)  ENV A=b",
      { instruction: 'ENV', args: [], text: 'A=b' },
    ],
    ['Bazel', 'bazel build ...', { args: [], text: 'bazel build ...' }],
    ['Jib', 'jib-maven-plugin:3.4.0', { args: [], text: 'jib-maven-plugin:3.4.0' }],
    ['a word that only begins like an instruction', 'ENVIRONMENT x', { args: [], text: 'ENVIRONMENT x' }],
    ['nothing', '', { args: [], text: '' }],
  ];
  for (const [name, text, expected] of cases) {
    it(`reads ${name}`, () => {
      assert.deepEqual(parseCreatedBy(text), expected);
    });
  }

  it('keeps the whole text where values can be cut in two ways', () => {
    for (const text of [
      '|2 A=x B=y C=z /bin/sh -c cmd',
      '|1 A=x /bin/sh -c y /bin/sh -c z',
      '|1 A=x y z',
      '|3 A=x /bin/sh -c cmd',
      '|1 -x=y cmd',
    ]) {
      assert.equal(parseCreatedBy(text).text, text);
    }
  });

  it('cuts away no text that only pretends to be a builder’s', () => {
    for (const text of [
      '/bin/sh -c S3CR3T #(nop)  ENV A=b',
      "powershell -Command $x = 'S3CR3T'; #(nop)  ENV A=b",
      '/S3CR3T/sh -c cmd',
      'powershell -S3CR3T x -Command cmd',
      'RUN /S3CR3T/bin/sh -c cmd',
      'cmd |force-mtime=S3CR3T',
      '|1 A=b /S3CR3T/sh -c cmd',
      '|S3CR3T A=b /bin/sh -c cmd',
    ]) {
      assert.ok(parseCreatedBy(text).text.includes('S3CR3T'), text);
    }
  });

  it('loses no character of any argument or command', () => {
    const word = fc.string({
      unit: fc.constantFrom('a', '=', ' ', '"', '|', 'B=', '/bin/sh -c ', '#', '\n'),
      maxLength: 8,
    });
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 3 }), word, (values, command) => {
        const secret = 'S3CR3T';
        const marked = values.map((value) => `${value}${secret}${value}`);
        const line = `|${values.length} ${marked.map((value, index) => `N${index}=${value}`).join(' ')} /bin/sh -c ${command}${secret}`;
        const { args, text } = parseCreatedBy(line);
        const said = [...args.map((argument) => argument.value), text];
        for (const value of [...marked, command + secret]) {
          assert.ok(
            said.some((part) => part.includes(value)),
            `${JSON.stringify(value)} of ${JSON.stringify(line)}`,
          );
        }
      }),
    );
  });

  it('is not slow on megabytes of anything', () => {
    const started = performance.now();
    for (const piece of ['|force-mtime=1', ' /', ' A=', '|9999 ', ' /bin/sh -c ', ' -o a', '#']) {
      for (const start of ['', '|1 A=', '|900 A=', '/bin/sh '])
        parseCreatedBy(start + piece.repeat(500_000 / piece.length));
    }
    assert.ok(performance.now() - started < 5000);
  });
});
