/**
 * The configuration file (docs/config.md): options under the names of their flags, and what is set differently for single
 * rules. It is the user's, from the current folder or named by `--config`, never from an image. Every mistake is told with
 * its line before anything is scanned.
 */

import { dirname, isAbsolute, join } from 'node:path';
import { isMap, isNode, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import type { RuleOverride } from '../detect/override-rules.ts';
import { confidences, severities } from '../detect/rule.ts';
import { ScanError } from '../errors.ts';
import { type Flag, flags } from './flags.ts';
import { lowArgsOf, type RawValues } from './low-args.ts';
import { didYouMean } from './near-name.ts';

/** What a configuration file says. */
export interface Config {
  readonly file: string;
  readonly values: RawValues;
  readonly overrides: readonly PlacedOverride[];
}

/** An override and the line it stands in. */
export interface PlacedOverride extends RuleOverride {
  readonly line: number;
}

/** What `--rules` gives is `rule-files` here: `rules` are the rules themselves. */
const fileKeys: Readonly<Record<string, string>> = { rules: 'rule-files' };
const rulesKey = 'rules';
const overrideKeys = ['confidence', 'severity', 'enabled'];

/** The key of a flag; undefined where a file may not set it: what shows secrets, hides findings or decides whom to trust is typed each time. */
export function configKeyOf({ name, env, file }: Flag): string | undefined {
  return env && file !== false && name !== 'config' && name !== 'no-config' ? (fileKeys[name] ?? name) : undefined;
}

/** Reads a configuration's text. @throws ScanError CONFIG_INVALID */
export function parseConfig(text: string, file: string): Config {
  return new ConfigReader(text, file).read();
}

class ConfigReader {
  readonly #file: string;
  readonly #text: string;
  readonly #lines = new LineCounter();

  constructor(text: string, file: string) {
    this.#text = text;
    this.#file = file;
  }

  read(): Config {
    const document = parseDocument(this.#text, { lineCounter: this.#lines, prettyErrors: false, uniqueKeys: true });
    const [error] = document.errors;
    if (error !== undefined) throw this.#wrong(this.#lines.linePos(error.pos[0]).line, error.message);
    const { contents } = document;
    const values = new Map<Flag, { texts: readonly string[]; from: string }>();
    const overrides: PlacedOverride[] = [];
    if (contents !== null && !isMap(contents)) throw this.#wrong(1, 'a configuration is a map of options');
    for (const { key, value } of contents?.items ?? []) {
      const name = textOf(key);
      const line = this.#lineOf(key);
      if (name === rulesKey) {
        overrides.push(...this.#overrides(value, line));
        continue;
      }
      const flag = flags.find((candidate) => configKeyOf(candidate) === name);
      if (flag === undefined) throw this.#unknownKey(name ?? '', line);
      const texts = this.#texts(flag, name ?? '', value, line);
      if (texts.length > 0) values.set(flag, { texts, from: `${this.#file}:${line}: ${name}` });
    }
    this.#check(values);
    return { file: this.#file, values, overrides };
  }

  /** Every value is checked, whether or not the command at hand asks for it. */
  #check(values: RawValues): void {
    try {
      lowArgsOf('scan', values);
    } catch (error) {
      if (!(error instanceof ScanError) || error.code !== 'USAGE_INVALID') throw error;
      throw new ScanError('CONFIG_INVALID', error.message, {
        subject: this.#file,
        ...(error.hint === undefined ? {} : { hint: error.hint }),
      });
    }
  }

  #texts(flag: Flag, key: string, value: unknown, line: number): string[] {
    if (flag.value === undefined) {
      const set = isScalar(value) ? value.value : undefined;
      if (typeof set !== 'boolean') throw this.#wrong(line, `${key} is a switch: true or false`);
      return set ? ['true'] : [];
    }
    const items = isSeq(value) ? value.items : [value];
    if (isSeq(value) && flag.repeatable !== true) throw this.#wrong(line, `${key} has one value, not a list`);
    return items.map((item) => {
      const text = textOf(item);
      if (text === undefined || text === '') throw this.#wrong(line, `${key} needs a value (${flag.value})`);
      return flag.value === 'FILE' ? this.#besideFile(text) : text;
    });
  }

  /** Files are named as seen from the configuration. */
  #besideFile(path: string): string {
    return path === '-' || isAbsolute(path) ? path : join(dirname(this.#file), path);
  }

  #overrides(value: unknown, line: number): PlacedOverride[] {
    if (isScalar(value) && value.value === null) return [];
    if (!isMap(value)) {
      throw this.#wrong(line, 'rules is a map from a rule or provider to its confidence, severity or enabled', {
        hint: 'Rule files stand under rule-files.',
      });
    }
    return value.items.map(({ key, value: fields }) => {
      const id = textOf(key) ?? '';
      const at = this.#lineOf(key);
      if (!isMap(fields)) throw this.#wrong(at, `rules.${id} is a map of ${overrideKeys.join(', ')}`);
      const override: { -readonly [field in keyof PlacedOverride]?: PlacedOverride[field] } = {};
      for (const field of fields.items) this.#overrideField(id, textOf(field.key) ?? '', field, override);
      return { id: id.toLowerCase(), line: at, ...override };
    });
  }

  #overrideField(
    id: string,
    name: string,
    { key, value }: { readonly key: unknown; readonly value: unknown },
    override: { -readonly [field in keyof PlacedOverride]?: PlacedOverride[field] },
  ): void {
    const line = this.#lineOf(key);
    const what = `rules.${id}.${name}`;
    const given = isScalar(value) ? value.value : undefined;
    const choice = <T extends string>(choices: readonly T[]): T => {
      const found = choices.find((candidate) => candidate === given);
      if (found === undefined) throw this.#wrong(line, `${what} is one of ${choices.join(', ')}`);
      return found;
    };
    if (name === 'confidence') override.confidence = choice(confidences);
    else if (name === 'severity') override.severity = choice(severities);
    else if (name === 'enabled') {
      if (typeof given !== 'boolean') throw this.#wrong(line, `${what} is true or false`);
      override.enabled = given;
    } else {
      const hint = didYouMean(name, overrideKeys) ?? `There are: ${overrideKeys.join(', ')}.`;
      throw this.#wrong(line, `rules.${id} has no ${JSON.stringify(name)}`, { hint });
    }
  }

  #unknownKey(name: string, line: number): ScanError {
    const typedOnly = flags.find((flag) => flag.name === name && configKeyOf(flag) === undefined);
    if (typedOnly !== undefined) {
      return this.#wrong(line, `${name} can't be set in a file`, { hint: `Write --${name} on the command line.` });
    }
    const keys = [rulesKey, ...flags.flatMap((flag) => configKeyOf(flag) ?? [])];
    const hint = didYouMean(name, keys) ?? `There are: ${keys.join(', ')}.`;
    return this.#wrong(line, `there is no option ${JSON.stringify(name)}`, { hint });
  }

  #lineOf(node: unknown): number {
    return isNode(node) && node.range ? this.#lines.linePos(node.range[0]).line : 1;
  }

  #wrong(line: number, message: string, details: { hint?: string } = {}): ScanError {
    return new ScanError('CONFIG_INVALID', `${this.#file}:${line}: ${message}.`, { subject: this.#file, ...details });
  }
}

/** A scalar as text: numbers and words alike. */
function textOf(node: unknown): string | undefined {
  if (!isScalar(node) || node.value === null || typeof node.value === 'object') return undefined;
  return String(node.value);
}
