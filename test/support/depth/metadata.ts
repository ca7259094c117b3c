/** What is said of files and of the image instead of being in a file: names, links, attributes; variables, labels, history. */

import { tarOf } from '../packed-bytes.ts';
import type { Group, Grown, Place } from './place.ts';
import type { DepthToken, Tokens } from './token.ts';

const folder = 'srv/names';

function onEntry(name: string, write: (secret: string) => Omit<Grown, 'token'>): Place {
  return {
    name,
    grow: (tokens) => {
      // Of a format whose characters a name may have.
      const token = tokens.next('github');
      return { token, ...write(token.secret) };
    },
  };
}

/** Places in the headers of a layer's tar. */
export const fileMetadata: Group = {
  title: "files' names and attributes",
  folder,
  places: [
    onEntry('name of a file', (secret) => ({
      files: { [`token-${secret}.txt`]: 'see the name\n' },
      where: { kind: 'path', path: `token-${secret}.txt` },
    })),
    onEntry('name of a folder', (secret) => ({
      files: { [`cache/${secret}/index`]: 'x\n' },
      where: { kind: 'path', path: `cache/${secret}` },
    })),
    onEntry('target of a symlink', (secret) => ({
      entries: [{ path: `${folder}/current`, type: 'symlink', linkTarget: `/run/tokens/${secret}` }],
      where: { kind: 'path', path: 'current', name: 'link target' },
    })),
    onEntry('PAX record', (secret) => ({
      entries: [{ path: `${folder}/commented`, content: 'x\n', pax: { comment: `deploy ${secret}` } }],
      where: { kind: 'path', path: 'commented', name: 'comment' },
    })),
    onEntry('extended attribute', (secret) => ({
      entries: [{ path: `${folder}/attributed`, content: 'x\n', pax: { 'SCHILY.xattr.user.token': secret } }],
      where: { kind: 'path', path: 'attributed', name: 'SCHILY.xattr.user.token' },
    })),
    onEntry('name of a member of a tar', (secret) => ({
      files: { 'names.tar': tarOf({ [`keys/${secret}.txt`]: 'x\n' }) },
      where: { kind: 'path', path: 'names.tar', nested: [`keys/${secret}.txt`] },
    })),
  ],
};

/** What a place adds to the image's configuration. */
export interface ConfigPart {
  readonly config?: Readonly<Record<string, unknown>>;
  readonly extra?: Readonly<Record<string, unknown>>;
  readonly annotations?: Readonly<Record<string, string>>;
  /** An instruction without a layer. */
  readonly instruction?: string;
  /** Beside the instruction in its history entry. */
  readonly comment?: string;
}

/** A place in the image's configuration or manifest. */
export interface ConfigPlace {
  readonly name: string;
  readonly grow: (tokens: Tokens) => ConfigPart & Pick<Grown, 'token' | 'where'>;
}

function inConfig(name: string, where: Grown['where'], write: (token: DepthToken) => ConfigPart): ConfigPlace {
  return {
    name,
    grow: (tokens) => {
      const token = tokens.next();
      return { token, where: { exposure: 'metadata', ...where }, ...write(token) };
    },
  };
}

/** Places outside all layers. */
export const configPlaces: readonly ConfigPlace[] = [
  inConfig('ENV', { kind: 'env', name: 'UPSTREAM' }, ({ secret }) => ({
    config: { Env: ['PATH=/usr/bin', `UPSTREAM=${secret}`] },
    instruction: `ENV UPSTREAM=${secret}`,
  })),
  inConfig('ENV that a later one replaces', { kind: 'history', name: 'MODE' }, ({ secret }) => ({
    instruction: `ENV MODE=${secret}`,
  })),
  inConfig('LABEL', { kind: 'label', name: 'com.acme.deploy' }, ({ secret }) => ({
    config: { Labels: { 'com.acme.deploy': secret } },
    instruction: `LABEL com.acme.deploy=${secret}`,
  })),
  inConfig('history of a RUN', { kind: 'history' }, ({ secret }) => ({
    instruction: `RUN /bin/sh -c deploy --with ${secret} # buildkit`,
  })),
  inConfig('build argument of a RUN', { kind: 'history', name: 'SECRET_SAUCE' }, ({ secret }) => ({
    instruction: `RUN |1 SECRET_SAUCE=${secret} /bin/sh -c make # buildkit`,
  })),
  inConfig('ARG with a default', { kind: 'arg', name: 'SAUCE' }, ({ secret }) => ({
    instruction: `ARG SAUCE=${secret}`,
  })),
  inConfig('CMD', { kind: 'cmd' }, ({ secret }) => ({
    config: { Cmd: ['serve', '--upstream', secret] },
    instruction: `CMD ["serve" "--upstream" "${secret}"]`,
  })),
  inConfig('ENTRYPOINT', { kind: 'entrypoint' }, ({ secret }) => ({
    config: { Entrypoint: ['/bin/start', secret] },
    instruction: `ENTRYPOINT ["/bin/start" "${secret}"]`,
  })),
  inConfig('HEALTHCHECK', { kind: 'healthcheck' }, ({ secret }) => ({
    config: { Healthcheck: { Test: ['CMD-SHELL', `check --token ${secret}`] } },
    instruction: `HEALTHCHECK &{["CMD-SHELL" "check --token ${secret}"] "0s" "0s" "0s" "0s" '\\x00'}`,
  })),
  inConfig('ONBUILD', { kind: 'onbuild' }, ({ secret }) => ({
    config: { OnBuild: [`RUN fetch ${secret}`] },
    instruction: `ONBUILD RUN fetch ${secret}`,
  })),
  inConfig('comment of a history entry', { kind: 'comment' }, ({ secret }) => ({
    instruction: 'EXPOSE 8080/tcp',
    comment: `built with ${secret}`,
  })),
  inConfig('field that nobody knows', { kind: 'config' }, ({ secret }) => ({
    extra: { 'com.acme.build': { upstream: secret } },
  })),
  inConfig('annotation', { kind: 'annotation', name: 'com.acme.note' }, ({ secret }) => ({
    annotations: { 'com.acme.note': `deployed with ${secret}` },
  })),
];
