/** The line of the Dockerfile for what real builders made of it: each secret stands in one instruction, and no finding names another. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { after, before, describe, it } from 'mocha';
import type { ImageReport } from '../../src/scan/finding.ts';
import { type Builder, builders, buildFolder } from '../support/plant/builder.ts';
import { onlyImage, scanJson } from '../support/plant/cli.ts';
import { requireRoot, requireTools, tool } from '../support/real/tool.ts';
import { createWorkspace, removeWorkspace } from '../support/real/workspace.ts';

const run = promisify(execFile);

/** A Dockerfile in which each secret is written where it stands: `{name}` in the text, or in a file or build argument. */
interface Case {
  readonly title: string;
  readonly text: string;
  /** Files of the context with a secret each, by the secret's name. */
  readonly files?: Readonly<Record<string, string>>;
  /** Build arguments with a secret each. */
  readonly args?: readonly string[];
  /** Secrets whose line is not that of the instruction that has their name in it, by a piece of that instruction. */
  readonly lines?: Readonly<Record<string, string>>;
  /** Names of secrets of which no line may be told. */
  readonly without?: readonly string[];
  readonly target?: string;
  readonly builders?: readonly Builder[];
}

const cases: readonly Case[] = [
  {
    title: 'stages, arguments before FROM, continued lines with comments inside',
    text: `# a comment, and a directive that is none = x
ARG BASE=scratch
ARG UNUSED

FROM scratch AS build
COPY busybox /bin/sh
ARG BUILD_TOKEN
RUN echo one && \\
    # a comment inside

    echo $BUILD_TOKEN > /built
COPY first.env /first.env

FROM $BASE AS mid
COPY busybox /bin/sh
ENV A=1 \\
    MID="t={mid}"
FROM mid
COPY --from=build /built \\
     /opt/built
COPY --chown=1:1 second.env third.env \\
  /opt/
COPY --from=build ["/first.env", "/opt/copied.env"]
ARG LATE={late}
ARG OTHER
RUN echo "late" > /late
RUN echo {run} > /dev/null; \\
  echo "in={file}" > /opt/written
LABEL maintainer="A B" \\
      key={label}
onbuild RUN echo {onbuild}
HEALTHCHECK --interval=5s CMD echo {health} || exit 1
SHELL ["/bin/sh", "-e", "-c"]
WORKDIR /srv/{workdir}
USER {user}
ENV OLD form {old}
CMD ["run", "--token={cmd}"]
`,
    files: { first: 'first.env', second: 'second.env', third: 'third.env' },
    args: ['BUILD_TOKEN', 'OTHER'],
    lines: {
      BUILD_TOKEN: 'COPY --from=build /built',
      first: 'COPY --from=build ["/first.env"',
      second: 'COPY --chown',
      third: 'COPY --chown',
      OTHER: 'ARG OTHER',
    },
  },
  {
    title: 'an escape directive, a target and instructions that are alike',
    text: `# escape=\`
FROM scratch AS prod
COPY busybox /bin/sh
RUN echo same >> /log
RUN echo {one} > /one && \`
  echo C:\\dir
RUN echo same >> /log
ENV TWO={two}
COPY a.env /
FROM prod AS test
COPY b.env /
RUN echo {none}
`,
    files: { a: 'a.env', b: 'b.env' },
    lines: { a: 'COPY a.env', b: '' },
    target: 'prod',
  },
];

describe('the line of the Dockerfile', function () {
  this.timeout(180_000);
  let folder = '';
  before(function () {
    requireRoot(this);
    requireTools(this, 'dockerd', 'docker', 'buildah', 'skopeo', 'busybox');
    folder = createWorkspace('lines');
  });
  after(() => {
    if (folder !== '') removeWorkspace(folder);
  });

  it('is not told of a layer that buildah made of all steps, nor is a step', async () => {
    const context = join(folder, 'one-layer');
    mkdirSync(context);
    copyFileSync(tool('busybox'), join(context, 'busybox'));
    const [copied, written, set] = [1, 2, 3].map(() => `dop_v1_${randomBytes(32).toString('hex')}`);
    writeFileSync(join(context, 'a.env'), `${copied}\n`);
    const text = `FROM scratch\nCOPY busybox /bin/sh\nCOPY a.env /\nRUN echo ${written} > /b\nENV X=${set}\nCMD ["x"]\n`;
    writeFileSync(join(context, 'Dockerfile'), text);
    const path = join(folder, 'one-layer.tar');
    await buildFolder(context, 'buildah', { name: 'one-layer:1', path, isOneLayer: true });
    const image = onlyImage(await scanJson([path], { args: ['--dockerfile', join(context, 'Dockerfile')] }));
    assert.equal(image.layers.length, 1);
    const placed = image.findings.filter(({ location }) => location.kind === 'file');
    assert.deepEqual(new Set(placed.map(({ secret }) => secret.value)), new Set([copied, written]));
    for (const { instruction } of placed) assert.equal(instruction, undefined);
    assert.deepEqual(linesBySecret(image).get(set!), [5]);
    assert.ok(image.coverage.complete && image.coverage.skipped.some(({ code }) => code === 'HISTORY_MISMATCH'));
  });

  for (const [index, each] of cases.entries()) {
    for (const builder of builders) {
      it(`is right for ${each.title}, built by ${builder}`, async () => {
        const context = join(folder, `${index}-${builder}`);
        mkdirSync(context);
        const secrets = new Map<string, string>();
        const secretOf = (name: string): string => {
          if (!secrets.has(name)) secrets.set(name, `dop_v1_${randomBytes(32).toString('hex')}`);
          return secrets.get(name)!;
        };
        const text = each.text.replace(/\{(\w+)\}/g, (_, name: string) => secretOf(name));
        writeFileSync(join(context, 'Dockerfile'), text);
        copyFileSync(tool('busybox'), join(context, 'busybox'));
        for (const [name, file] of Object.entries(each.files ?? {})) {
          writeFileSync(join(context, file), `DIGITALOCEAN_TOKEN=${secretOf(name)}\n`);
        }
        const buildArgs = Object.fromEntries((each.args ?? []).map((name) => [name, secretOf(name)]));
        const path = join(folder, `${index}-${builder}.tar`);
        await buildFolder(context, builder, {
          name: `lines-${index}-${builder}:1`,
          path,
          buildArgs,
          ...(each.target === undefined ? {} : { target: each.target }),
        });
        const image = onlyImage(await scanJson([path], { args: ['--dockerfile', join(context, 'Dockerfile')] }));
        const { stdout } = await run(tool('skopeo'), ['inspect', '--config', '--raw', `docker-archive:${path}`]);
        const history = (JSON.parse(stdout) as { history: { created_by?: string }[] }).history;
        const expected = expectedLines(each, text, secrets);
        const told = linesBySecret(image);
        const names = [...secrets].filter(([, secret]) => told.has(secret)).map(([name]) => name);
        assert.deepEqual(
          Object.fromEntries(names.map((name) => [name, told.get(secrets.get(name)!)])),
          Object.fromEntries(names.map((name) => [name, expected.get(name)])),
          history.map(({ created_by }) => created_by).join('\n'),
        );
        assert.ok(names.length >= (each.target === undefined ? 12 : 3), `only ${names}`);
      });
    }
  }
});

/** The lines that all findings of each secret name. */
function linesBySecret({ findings }: ImageReport): Map<string, (number | undefined)[]> {
  const lines = new Map<string, (number | undefined)[]>();
  for (const { secret, instruction } of findings) {
    const known = lines.get(secret.value!) ?? [];
    const line = instruction?.dockerfile?.line;
    if (!known.includes(line)) lines.set(secret.value!, [...known, line]);
  }
  return lines;
}

/** The first line of the instruction that has the secret in it, or of the one that is named. */
function expectedLines(
  { lines = {} }: Case,
  text: string,
  secrets: ReadonlyMap<string, string>,
): Map<string, number[]> {
  const rows = text.split('\n');
  const starts = (at: number): number => {
    let first = at;
    while (first > 0 && /[\\`]$|^\s*#|^\s*$/.test(rows[first - 1]!) && /^\s/.test(rows[first]!)) first--;
    return first + 1;
  };
  return new Map(
    [...secrets].map(([name, secret]) => [
      name,
      [starts(rows.findIndex((row) => row.includes(lines[name] ?? secret)))],
    ]),
  );
}
