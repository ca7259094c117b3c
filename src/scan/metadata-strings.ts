/**
 * Every string of an image's configuration, with the kind of place it stands in. Values are taken raw,
 * never from re-serialised JSON: a URL with `&` or a key with line ends must reach the rules as it is.
 * Known fields come first; whatever else the raw configuration holds is walked too, since a rule of
 * what can't hold a secret is a rule an image can use.
 */

import { parseCreatedBy } from '../oci/created-by.ts';
import type { HistoryEntry, ImageConfig } from '../oci/image-config.ts';
import type { LocationKind } from './finding.ts';

/** One string of the metadata. */
export interface MetadataString {
  readonly kind: LocationKind;
  readonly name?: string;
  readonly value: string;
  /** The document it stands in, for annotations (`Annotation.document`). */
  readonly document?: string;
  /** The history entry it stands in, for strings of the history. */
  readonly historyIndex?: number;
  /** What the rules read as its name, where that is not what reports call it. */
  readonly context?: string;
  /** True for a text of its own, whose lines count and whose matches are told only where no other string has them. */
  readonly isWhole?: boolean;
}

/** Text for the rules: the name is the context of the value. */
export function textOf(string: MetadataString): string {
  const name = string.context ?? string.name ?? '';
  return name === '' ? string.value : `${name}=${string.value}`;
}

/** All strings of a configuration, in a stable order: configuration fields, then history, then the rest. */
export function metadataStrings(config: ImageConfig): MetadataString[] {
  const strings = [...configStrings(config), ...(config.history ?? []).flatMap((entry) => [...historyStrings(entry)])];
  return [...strings, ...restStrings(config, strings)];
}

/** Splits `NAME=value` at the first `=`. */
function splitPair(pair: string): { name: string; value: string } {
  const at = pair.indexOf('=');
  return at < 0 ? { name: pair, value: '' } : { name: pair.slice(0, at), value: pair.slice(at + 1) };
}

function* configStrings(config: ImageConfig): Generator<MetadataString> {
  for (const pair of config.env) yield { kind: 'env', ...splitPair(pair) };
  for (const [name, value] of Object.entries(config.labels)) yield { kind: 'label', name, value };
  const commands = [
    ['cmd', config.cmd],
    ['entrypoint', config.entrypoint],
    ['healthcheck', config.healthcheck],
    ['shell', config.shell],
  ] as const;
  for (const [kind, words] of commands) if (words.length > 0) yield { kind, value: words.join(' ') };
  for (const value of config.onBuild) yield { kind: 'onbuild', value };
  if (config.user) yield { kind: 'user', value: config.user };
  if (config.workingDir) yield { kind: 'workdir', value: config.workingDir };
  for (const value of config.volumes) yield { kind: 'volume', value };
  if (config.author) yield { kind: 'author', value: config.author };
  if (config.comment) yield { kind: 'comment', value: config.comment };
}

function* historyStrings(entry: HistoryEntry): Generator<MetadataString> {
  const historyIndex = entry.index;
  const parsed = parseCreatedBy(entry.createdBy);
  for (const { name, value } of parsed.args) yield { kind: 'history', name, value, historyIndex };
  if (parsed.instruction === 'ARG') yield { kind: 'arg', ...splitPair(parsed.text), historyIndex };
  else if (parsed.text !== '') yield { kind: 'history', value: parsed.text, historyIndex };
  if (entry.author) yield { kind: 'author', value: entry.author, historyIndex };
  if (entry.comment) yield { kind: 'comment', value: entry.comment, historyIndex };
}

/** Strings nobody knows by name: `container_config`, fields of newer builders, build information. */
function* restStrings(config: ImageConfig, known: readonly MetadataString[]): Generator<MetadataString> {
  const seen = new Set<string>();
  for (const string of known) {
    seen.add(string.value);
    if (string.name !== undefined) seen.add(textOf(string));
  }
  const words = [
    config.cmd,
    config.entrypoint,
    config.healthcheck,
    config.shell,
    config.env,
    config.onBuild,
    config.diffIds,
  ];
  for (const word of words.flat()) seen.add(word);
  for (const entry of config.history ?? [])
    for (const text of [entry.createdBy, entry.created]) if (text) seen.add(text);
  for (const text of [config.os, config.architecture, config.variant, config.created]) if (text) seen.add(text);
  for (const { path, value } of leaves(config.raw)) {
    if (seen.has(value)) continue;
    seen.add(value);
    const environment = /(?:^|\.)Env\.\d+$/u.test(path);
    yield environment ? { kind: 'env', ...splitPair(value) } : { kind: 'config', name: path, value };
  }
}

/** Every string in a JSON value with the path to it, keys included where they are data; bounded in depth by the parser's own recursion. */
function* leaves(root: unknown): Generator<{ path: string; value: string }> {
  const stack: { path: string; value: unknown }[] = [{ path: '', value: root }];
  for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
    const { path, value } = top;
    if (typeof value === 'string') {
      if (value !== '') yield { path, value };
    } else if (typeof value === 'object' && value !== null) {
      const below = Object.entries(value).map(([key, item]) => ({
        path: path === '' ? key : `${path}.${key}`,
        value: item as unknown,
      }));
      stack.push(...below.reverse());
    }
  }
}
