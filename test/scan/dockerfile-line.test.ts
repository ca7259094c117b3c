import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { parseDockerfile } from '../../src/oci/dockerfile.ts';
import type { HistoryEntry } from '../../src/oci/image-config.ts';
import { DockerfileLines, type LineQuestion } from '../../src/scan/dockerfile-line.ts';
import { alignDockerfile } from '../../src/scan/dockerfile-line-align.ts';
import { fits } from '../../src/scan/dockerfile-line-fit.ts';

function historyOf(createdBy: readonly string[]): HistoryEntry[] {
  return createdBy.map((text, index) => ({ index, createdBy: text, emptyLayer: !/COPY|ADD|RUN|-c (?!#)/.test(text) }));
}

/** Line by history index. */
function linesOf(dockerfile: string, history: readonly string[]): Record<number, number> | undefined {
  const alignment = alignDockerfile(parseDockerfile(dockerfile), historyOf(history));
  return alignment && Object.fromEntries([...alignment.instructions].map(([index, { line }]) => [index, line]));
}

describe('fits', () => {
  // What docker 20.10's classic builder, its BuildKit and buildah 1.28 wrote of these instructions.
  const pairs: readonly (readonly [instruction: string, ...entries: string[]])[] = [
    ['COPY busybox /bin/sh', '/bin/sh -c #(nop) COPY file:7027c7 in /bin/sh ', 'COPY busybox /bin/sh # buildkit'],
    [
      'COPY --from=builder /built /src ./',
      '/bin/sh -c #(nop) COPY multi:f2ed5f in ./ ',
      'COPY /built /src ./ # buildkit',
    ],
    [
      'COPY ["b c.txt", "d.txt", "/data/"]',
      '/bin/sh -c #(nop) COPY multi:2e39 in /data/ ',
      'COPY b c.txt d.txt /data/ # buildkit',
    ],
    ['COPY $SRC $DEST/', 'COPY a/b /y/ # buildkit'],
    ['COPY <<"EOF" /x', 'COPY <<EOF /x # buildkit'],
    ['COPY --chown=1:1 a b /opt/', '/bin/sh -c #(nop) COPY --chown=1:1multi:41f2fd in /opt/ '],
    ['onbuild RUN x', '/bin/sh -c #(nop) onbuild RUN x'],
    ['ADD --chown=1:1 src /more', '/bin/sh -c #(nop) ADD dir:0b493d in /more ', 'ADD src /more # buildkit'],
    [
      'RUN echo one &&   echo two   three',
      '|2 TOKEN=tok VERSION=1.2 /bin/sh -c echo one &&     echo two   three',
      'RUN |1 A=x /bin/sh -c echo one &&     echo two   three # buildkit',
    ],
    [
      'RUN ["/bin/sh", "-c", "echo json"]',
      '|2 TOKEN=tok VERSION=1.2 /bin/sh -c echo json',
      'RUN /bin/sh -c echo json # buildkit',
    ],
    ['RUN --mount=type=secret,id=x --network=none make', 'RUN /bin/sh -c make # buildkit'],
    ['RUN make', '/bin/bash -o pipefail -c make', 'RUN /usr/bin/fish --command make # buildkit'],
    ['ENV A="b c" D=e\\ f', '/bin/sh -c #(nop)  ENV A=b c D=e f', 'ENV A=b c D=e f'],
    ['ENV OLD style value', '/bin/sh -c #(nop)  ENV OLD=style value'],
    ['ENV PATHS=$PATH:/x', 'ENV PATHS=/usr/bin:/bin:/x'],
    ['LABEL maintainer="A B"       version="$VERSION"', '/bin/sh -c #(nop)  LABEL maintainer=A B version=1.2'],
    ['ARG TOKEN=default', 'ARG TOKEN=other', 'ARG TOKEN'],
    ['WORKDIR app', 'WORKDIR /srv/app'],
    [
      'EXPOSE 8080 443/tcp',
      '/bin/sh -c #(nop)  EXPOSE 443/tcp 8080',
      'EXPOSE map[443/tcp:{} 8080/tcp:{}]',
      'EXPOSE [443/tcp 8080/tcp]',
    ],
    ['VOLUME ["/data"]', 'VOLUME [/data]'],
    ['VOLUME /v1 /v2', '/bin/sh -c #(nop)  VOLUME [/v1 /v2]'],
    ['USER 1000:1000', 'USER 1000:1000'],
    ['SHELL ["/bin/sh", "-e", "-c"]', '/bin/sh -c #(nop)  SHELL [/bin/sh -e -c]'],
    [
      'HEALTHCHECK --interval=5s CMD echo ok || exit 1',
      'HEALTHCHECK &{["CMD-SHELL" "echo ok || exit 1"] "5s" "0s" "0s" \'\\x00\'}',
    ],
    ['ONBUILD RUN echo later', '/bin/sh -c #(nop)  ONBUILD RUN echo later'],
    ['CMD echo hi "$A"', '/bin/sh -e -c #(nop)  CMD ["/bin/sh" "-e" "-c" "echo hi \\"$A\\""]'],
    ['ENTRYPOINT ["/bin/sh"]', 'ENTRYPOINT ["/bin/sh"]'],
  ];
  for (const [text, ...entries] of pairs) {
    const [instruction] = parseDockerfile(text);
    for (const entry of entries) it(`${text} is ${entry}`, () => assert.equal(fits(instruction!, entry), true));
  }

  const strangers: readonly (readonly [instruction: string, entry: string])[] = [
    ['RUN make', 'RUN /bin/sh -c make install # buildkit'],
    ['RUN make', 'COPY make / # buildkit'],
    ['RUN make', 'RUN /bin/sh -c cmake # buildkit'],
    ['RUN make', 'RUN /bin/sh -c apt-get install make # buildkit'],
    ['RUN make', '/bin/sh -c /opt/run make'],
    ['ARG TOKEN', 'ARG TOKEN_FILE'],
    ['ENV A=1', 'ENV AA=1'],
    ['COPY a /x', 'COPY b /x # buildkit'],
    ['COPY a /x', '/bin/sh -c #(nop) COPY file:7027c7 in /y '],
    ['ENV A=b', 'ENV A=c'],
    ['ENV A=b', 'ENV AB=b'],
    ['ENV PATHS=$PATH:/x', 'ENV PATHS=/usr/bin:/y'],
    ['EXPOSE 80', 'EXPOSE map[8080/tcp:{}]'],
    ['CMD ["bash"]', 'CMD ["bash" "-l"]'],
    ['ENTRYPOINT ["/bin/sh"]', 'CMD ["/bin/sh"]'],
  ];
  for (const [text, entry] of strangers) {
    it(`${text} is not ${entry}`, () => assert.equal(fits(parseDockerfile(text)[0]!, entry), false));
  }

  it('compares here-documents by what they hold', () => {
    const [run, script] = parseDockerfile(
      'RUN <<EOF\nset -e\nmake\nEOF\nRUN <<EOF\n#!/usr/bin/python\nprint(1)\nEOF\n',
    );
    assert.equal(fits(run!, 'RUN /bin/sh -c set -e\nmake\n # buildkit'), true);
    assert.equal(fits(run!, 'RUN /bin/sh -c set -e\n # buildkit'), false);
    assert.equal(fits(script!, 'RUN /bin/sh -c /dev/pipes/EOF # buildkit'), true);
    const text = "RUN cat <<'A' <<B > /x\none\nA\ntwo\nB\nRUN cat <<A > /x\none\nA\nRUN sh <<A\none\nA\n";
    const [both, one, other] = parseDockerfile(text);
    const entry = "RUN |1 T=x /bin/sh -c cat <<'A' <<B > /x\none\nA\ntwo\nB # buildkit";
    assert.deepEqual(
      [both, one, other].map((instruction) => fits(instruction!, entry)),
      [true, false, false],
    );
    assert.equal(fits(one!, 'RUN /bin/sh -c cat <<A > /x\none\nA # buildkit'), true);
    assert.equal(fits(other!, 'RUN /bin/sh -c cat <<A > /x\none\nA # buildkit'), false);
  });

  it('takes anything, in linear time', () => {
    const words = fc.string({ unit: fc.constantFrom(...'RUN ENV COPY CMD $ {}[]"\\=,-'.split('')) });
    fc.assert(
      fc.property(words, words, (text, entry) => {
        for (const instruction of parseDockerfile(`ENV ${text}\nCOPY ${text}\nRUN ${text}\nCMD ${text}`)) {
          assert.equal(typeof fits(instruction, `${instruction.keyword} ${entry}`), 'boolean');
        }
      }),
    );
    const many = '$A '.repeat(5000);
    const started = performance.now();
    fits({ line: 1, keyword: 'ENV', text: `ENV X=${many}` }, `ENV X=${'b '.repeat(20_000)}`);
    assert.ok(performance.now() - started < 2000);
  });
});

describe('alignDockerfile', () => {
  const base = ['/bin/sh -c #(nop) ADD file:aa in / ', '/bin/sh -c #(nop)  CMD ["bash"]'];

  it('gives the last entries to the final stage, behind those of the base', () => {
    const dockerfile = ['ARG V=1', 'FROM x AS build', 'RUN make', 'FROM debian:$V', 'COPY a /a', 'CMD ["bash"]'].join(
      '\n',
    );
    const history = [...base, 'COPY a /a # buildkit', 'CMD ["bash"]'];
    assert.deepEqual(linesOf(dockerfile, history), { 2: 5, 3: 6 });
    const alignment = alignDockerfile(parseDockerfile(dockerfile), historyOf(history));
    assert.deepEqual([alignment?.baseEntries, alignment?.stage.base], [2, 'debian:1']);
  });

  it('counts the instructions of the stages that the last one begins with', () => {
    const dockerfile = 'FROM debian AS one\nENV A=1\nFROM one AS two\nRUN b\nFROM TWO\nRUN c';
    assert.deepEqual(
      linesOf(dockerfile, [...base, 'ENV A=1', 'RUN /bin/sh -c b # buildkit', 'RUN /bin/sh -c c # buildkit']),
      {
        2: 2,
        3: 4,
        4: 6,
      },
    );
  });

  it('finds the stage that was built with --target', () => {
    const dockerfile = 'FROM debian AS prod\nENV A=1\nRUN b\nFROM prod AS test\nRUN test';
    assert.deepEqual(linesOf(dockerfile, [...base, 'ENV A=1', 'RUN /bin/sh -c b']), { 2: 2, 3: 3 });
  });

  it('knows the histories of kaniko and of Windows', () => {
    const kaniko = ['ARG V=1', 'ENV A=1', 'RUN echo one && echo two', 'COPY --from=build /x /x', 'CMD ["x"]'];
    const dockerfile =
      'FROM a AS build\nRUN b\nFROM debian\nARG V=1\nENV A=1\nRUN echo one && \\\n  # why\n  echo two\nCOPY --from=build /x /x\nCMD ["x"]';
    assert.deepEqual(linesOf(dockerfile, [...base, ...kaniko]), { 2: 4, 3: 5, 4: 6, 5: 9, 6: 10 });
    const windows = [
      'Apply image 10.0.1',
      'cmd /S /C #(nop)  ENV A=C:\\b',
      'powershell -Command echo a',
      'cmd /S /C dir C:\\',
    ];
    assert.deepEqual(
      linesOf(
        '# escape=`\nFROM w\nENV A=C:\\b\nSHELL ["powershell", "-Command"]\nRUN echo `\n  a\nSHELL ["cmd", "/S", "/C"]\nRUN dir C:\\\n',
        [
          ...windows.slice(0, 2),
          'powershell -Command #(nop)  SHELL [powershell -Command]',
          windows[2]!,
          'cmd /S /C #(nop)  SHELL [cmd /S /C]',
          windows[3]!,
        ],
      ),
      { 1: 3, 2: 4, 3: 5, 4: 7, 5: 8 },
    );
  });

  it('does without entries for ONBUILD', () => {
    assert.deepEqual(linesOf('FROM debian\nRUN a\nONBUILD RUN b\nRUN c', [...base, '/bin/sh -c a', '/bin/sh -c c']), {
      2: 2,
      3: 4,
    });
  });

  it('tells what is certain of a file that has changed, and what is not', () => {
    const dockerfile = 'FROM debian\nRUN a\nRUN new\nRUN b\nCMD ["bash"]';
    const history = [...base, '/bin/sh -c a', '/bin/sh -c b', 'LABEL added=later'];
    assert.deepEqual(linesOf(dockerfile, history), { 2: 2, 3: 4 });
    const alignment = alignDockerfile(parseDockerfile(dockerfile), historyOf(history));
    assert.deepEqual([alignment?.missing.map(({ line }) => line), alignment?.baseEntries], [[3, 5], undefined]);
  });

  it('does not choose between two that are alike', () => {
    assert.deepEqual(
      linesOf('FROM debian\nRUN x\nRUN make\nRUN make\nRUN y', [
        ...base,
        '/bin/sh -c x',
        '/bin/sh -c make',
        '/bin/sh -c y',
      ]),
      {
        2: 2,
        4: 5,
      },
    );
  });

  it('leaves the file of another image alone', () => {
    assert.equal(linesOf('FROM debian\nRUN a\nRUN b\nRUN c', [...base, 'RUN /bin/sh -c c']), undefined);
    assert.equal(linesOf('', base), undefined);
    assert.equal(linesOf('FROM scratch', base), undefined);
  });
});

describe('DockerfileLines', () => {
  const text = 'FROM x AS build\nARG TOKEN\nRUN make\nFROM debian\nARG TOKEN\nENV A=1\nRUN one\nCOPY . /app\n';
  const history = historyOf([
    'ADD rootfs /',
    'ENV A=0',
    'ARG TOKEN=t',
    'ENV A=1',
    'RUN |1 TOKEN=t /bin/sh -c one # buildkit',
    'COPY . /app # buildkit',
  ]);
  const lines = new DockerfileLines({ attachments: [], history, dockerfile: { path: 'd/Dockerfile', text } });
  const lineOf = (question: LineQuestion): number | undefined => lines.find(question)?.line;

  it('answers by the history entry', () => {
    assert.deepEqual(lines.diagnostics, []);
    assert.equal(lineOf({ kind: 'file', historyIndex: 5 }), 8);
    assert.equal(lineOf({ kind: 'env', name: 'A', historyIndex: 3 }), 6);
    assert.deepEqual(lines.base, { name: 'debian', historyEntries: 2 });
  });
  it('has no line for what the base brought', () => {
    assert.equal(lineOf({ kind: 'env', name: 'A', historyIndex: 1, createdBy: 'ENV A=0' }), undefined);
    assert.equal(lineOf({ kind: 'file', historyIndex: 0 }), undefined);
  });
  it('points at the ARG whose value a RUN repeats', () => {
    assert.equal(lineOf({ kind: 'history', name: 'TOKEN', historyIndex: 4 }), 5);
  });
  it('says which stage an attested argument is of, where the image is not made of it', () => {
    const only = 'FROM x AS build\nARG SECRET\nRUN make\nFROM debian\nRUN one\n';
    const attested = new DockerfileLines({
      attachments: [],
      history: historyOf(['/bin/sh -c one']),
      dockerfile: { path: 'D', text: only },
    });
    const found = attested.find({ kind: 'attestation', name: 'provenance build-arg:SECRET' });
    assert.deepEqual([found?.line, found?.stage], [2, 'build']);
  });
  it('says what does not fit', () => {
    const codes = (text: string): readonly (readonly [string, string])[] =>
      new DockerfileLines({ attachments: [], history, dockerfile: { path: 'D', text } }).diagnostics.map(
        ({ code, effect }) => [code, effect],
      );
    for (const text of ['', 'FROM a\nRUN x\nRUN y\nRUN z', 'FROM a\nENV A=1\nRUN one\nRUN gone\nCOPY . /app\n']) {
      assert.deepEqual(codes(text), [['HISTORY_MISMATCH', 'notice']]);
    }
  });
});
