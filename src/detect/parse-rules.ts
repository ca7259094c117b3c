/**
 * A rule file's YAML into a `Provider` (docs/rules.md): types checked, defaults filled in, marks taken out of examples.
 * Every problem is collected with its line, so that an author sees them all at once. What only linting can tell
 * (bounded cost, examples that hold) is in lint-rules.ts.
 */

import { isMap, isNode, LineCounter, parseDocument } from 'yaml';
import { decodeBase64Text } from './checks/base64.ts';
import { composeRotation, type PartialRotation, type RotationSubject } from './compose-rotation.ts';
import { extentOf } from './pattern-analysis.ts';
import { parsePattern } from './pattern-parser.ts';
import {
  type Anchoring,
  type Confidence,
  confidences,
  type Detector,
  type Provider,
  type Rotation,
  type RuleExample,
  type Severity,
  severities,
} from './rule.ts';
import type { RuleProblem } from './rule-problem.ts';

/** What a rule file holds, and what is wrong with it; a provider only where nothing is. */
export interface ParsedRules {
  readonly provider?: Provider;
  readonly problems: readonly RuleProblem[];
  /** The line a detector begins at, by its id. */
  readonly lines: ReadonlyMap<string, number>;
}

/** The greatest window a detector can have, in bytes. */
export const maxWindowBytes: number = 16 * 1024;

const anchorings: readonly Anchoring[] = ['token', 'name', 'near'];
const providerKeys = ['id', 'name', 'about', 'url', 'categories', 'rotate', 'detectors'];
const rotationTexts = ['summary', 'opens', 'breaks', 'url', 'console'] as const;
const rotationLists = ['abuse', 'steps'] as const;
const detectorKeys = [
  'id',
  'title',
  'severity',
  'confidence',
  'at',
  'anchors',
  'before',
  'after',
  'pattern',
  'entropy',
  'checks',
  'not',
  'boundary',
  'allowPlaceholder',
  'companion',
  'generic',
  'examples',
  'counterExamples',
  'knownMisses',
];

type Path = readonly (string | number)[];

/** Parses one rule file. */
export function parseRules(text: string, file: string): ParsedRules {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, prettyErrors: false, uniqueKeys: true });
  const problems: RuleProblem[] = document.errors.map((error) => ({
    file,
    line: lineCounter.linePos(error.pos[0]).line,
    message: error.message,
  }));
  if (problems.length > 0) return { problems, lines: new Map() };
  if (!isMap(document.contents)) {
    return { problems: [{ file, message: 'a rule file is a map with id, name and detectors' }], lines: new Map() };
  }
  const lineOf = (path: Path): number | undefined => {
    for (let length = path.length; length > 0; length--) {
      const node: unknown = document.getIn(path.slice(0, length), true);
      if (isNode(node) && node.range) return lineCounter.linePos(node.range[0]).line;
    }
    return 1;
  };
  const reader = new FieldReader(document.toJS({ maxAliasCount: 0 }), file, lineOf, problems);
  const provider = readProvider(reader);
  const lines = new Map(
    provider.detectors.map((detector, index) => [detector.id, lineOf(['detectors', index]) ?? 1] as const),
  );
  return problems.length === 0 ? { provider, problems, lines } : { problems, lines };
}

function readProvider(reader: FieldReader): Provider {
  reader.known([], providerKeys);
  const detectorCount = reader.list(['detectors']).length;
  if (detectorCount === 0) reader.problem(['detectors'], 'a provider has at least one detector');
  const id = reader.text(['id']);
  const name = reader.text(['name']);
  const about = reader.text(['about']);
  const url = reader.text(['url']);
  const categories = reader.texts(['categories']);
  const detectors = Array.from({ length: detectorCount }, (_, index) => readDetector(reader, ['detectors', index]));
  const subject = { name, url, category: categories[0] ?? '', title: detectors[0]?.title ?? '' };
  return { id, name, about, url, categories, rotation: readRotation(reader, subject), detectors };
}

/** What the file leaves out is composed from the provider's category. */
function readRotation(reader: FieldReader, subject: RotationSubject): Rotation {
  const at = 'rotate';
  const partial = reader.get([at]) === undefined ? {} : readPartialRotation(reader, at);
  const rotation = composeRotation(partial, subject);
  const { summary, opens, abuse, steps, breaks } = partial;
  if (rotation !== undefined) return rotation;
  if (
    summary === undefined ||
    opens === undefined ||
    abuse === undefined ||
    steps === undefined ||
    breaks === undefined
  ) {
    reader.problem(
      ['categories'],
      `the category ${JSON.stringify(subject.category)} has no guidance to compose from: write rotate in full`,
    );
  }
  return { summary: '', opens: '', abuse: [], steps: [], breaks: '', ...partial };
}

function readPartialRotation(reader: FieldReader, at: string): PartialRotation {
  reader.known([at], [...rotationTexts, ...rotationLists]);
  const texts: { [key in (typeof rotationTexts)[number]]?: string } = {};
  for (const key of rotationTexts) {
    const text = reader.optionalText([at, key]);
    if (text !== undefined) texts[key] = text;
  }
  const lists: { [key in (typeof rotationLists)[number]]?: string[] } = {};
  for (const key of rotationLists) if (reader.get([at, key]) !== undefined) lists[key] = reader.texts([at, key]);
  return { ...texts, ...lists };
}

function readDetector(reader: FieldReader, path: Path): Detector {
  reader.known(path, detectorKeys);
  reader.detector = reader.text([...path, 'id']);
  const at = reader.oneOf<Anchoring>([...path, 'at'], anchorings);
  const pattern = reader.text([...path, 'pattern']);
  const entropy = reader.optionalNumber([...path, 'entropy']);
  const companion = readCompanion(reader, [...path, 'companion']);
  const detector: Detector = {
    id: reader.detector,
    title: reader.text([...path, 'title']),
    severity: reader.oneOf<Severity>([...path, 'severity'], severities),
    confidence: reader.oneOf<Confidence>([...path, 'confidence'], confidences),
    anchors: reader.texts([...path, 'anchors']),
    at,
    before: reader.optionalNumber([...path, 'before']) ?? (at === 'near' ? 100 : 0),
    after: reader.optionalNumber([...path, 'after']) ?? defaultAfter(at, pattern),
    pattern,
    ...(entropy === undefined ? {} : { entropy }),
    checks: reader.optionalTexts([...path, 'checks']),
    not: reader.optionalTexts([...path, 'not']),
    boundary: reader.optionalFlag([...path, 'boundary']) ?? true,
    allowPlaceholder: reader.optionalFlag([...path, 'allowPlaceholder']) ?? false,
    ...(companion === undefined ? {} : { companion }),
    generic: reader.optionalFlag([...path, 'generic']) ?? false,
    examples: readExamples(reader, [...path, 'examples']),
    counterExamples: reader.optionalTexts([...path, 'counterExamples']).map(takeOutTildes),
    knownMisses: reader.optionalTexts([...path, 'knownMisses']).map(takeOutTildes),
  };
  reader.detector = undefined;
  return detector;
}

/** A token may be longer than the usual window: private keys and JSON documents are. */
function defaultAfter(at: Anchoring, pattern: string): number {
  if (at === 'name') return 160;
  if (at === 'near') return 200;
  try {
    const { max } = extentOf(parsePattern(pattern));
    return Number.isFinite(max) ? Math.min(Math.max(512, max), maxWindowBytes) : 512;
  } catch {
    return 512;
  }
}

function readCompanion(reader: FieldReader, path: Path): Detector['companion'] {
  if (reader.get(path) === undefined) return undefined;
  reader.known(path, ['name', 'pattern', 'within', 'required']);
  return {
    name: reader.text([...path, 'name']),
    pattern: reader.text([...path, 'pattern']),
    within: reader.optionalNumber([...path, 'within']) ?? 200,
    required: reader.optionalFlag([...path, 'required']) ?? false,
  };
}

function readExamples(reader: FieldReader, path: Path): RuleExample[] {
  return reader.optionalList(path).map((_, index) => {
    reader.known([...path, index], ['text', 'base64']);
    const isBinary = reader.get([...path, index, 'base64']) !== undefined;
    const text = reader.text([...path, index, isBinary ? 'base64' : 'text']);
    const marks = [...text.matchAll(/\{\{(?!\{)([\s\S]+?)\}\}/g)];
    const mark = marks[0];
    if (mark === undefined || marks.length > 1) {
      reader.problem([...path, index], 'an example marks exactly one secret, in {{…}}');
    }
    const secret = takeOutTildes(mark?.[1] ?? '');
    if (!isBinary) {
      return { text: takeOutTildes(mark === undefined ? text : text.replace(mark[0], () => mark[1] ?? '')), secret };
    }
    const parts = takeOutTildes(text).split(/[{}]{2}/);
    return { text: parts.map((part) => decodeBase64Text(part) ?? '').join(''), secret, binary: true };
  });
}

/** `~~` keeps other scanners from ringing on examples; it is no part of them. */
function takeOutTildes(text: string): string {
  return text.replaceAll('~~', '');
}

/** Reads typed fields by path and notes what is missing or of another type. */
class FieldReader {
  /** Whose problems are noted now. */
  detector: string | undefined;
  readonly #root: unknown;
  readonly #file: string;
  readonly #lineOf: (path: Path) => number | undefined;
  readonly #problems: RuleProblem[];

  constructor(root: unknown, file: string, lineOf: (path: Path) => number | undefined, problems: RuleProblem[]) {
    this.#root = root;
    this.#file = file;
    this.#lineOf = lineOf;
    this.#problems = problems;
  }

  get(path: Path): unknown {
    let value: unknown = this.#root;
    for (const key of path) {
      if (typeof value !== 'object' || value === null) return undefined;
      value = (value as Record<string | number, unknown>)[key];
    }
    return value ?? undefined;
  }

  problem(path: Path, message: string): void {
    const line = this.#lineOf(path);
    this.#problems.push({
      file: this.#file,
      ...(line === undefined ? {} : { line }),
      ...(this.detector ? { detector: this.detector } : {}),
      message: `${path.join('.')}: ${message}`,
    });
  }

  known(path: Path, keys: readonly string[]): void {
    const value = path.length === 0 ? this.#root : this.get(path);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      this.problem(path, 'must be a map');
      return;
    }
    for (const key of Object.keys(value)) {
      if (!keys.includes(key)) this.problem([...path, key], `unknown field; known are ${keys.join(', ')}`);
    }
  }

  text(path: Path): string {
    const value = this.get(path);
    if (typeof value === 'string' && value !== '') return value;
    this.problem(path, value === undefined ? 'is missing' : 'must be text');
    return '';
  }

  optionalText(path: Path): string | undefined {
    return this.get(path) === undefined ? undefined : this.text(path);
  }

  list(path: Path): readonly unknown[] {
    const value = this.get(path);
    if (Array.isArray(value)) return value;
    this.problem(path, value === undefined ? 'is missing' : 'must be a list');
    return [];
  }

  optionalList(path: Path): readonly unknown[] {
    return this.get(path) === undefined ? [] : this.list(path);
  }

  texts(path: Path): string[] {
    const values = this.list(path).map((_, index) => this.text([...path, index]));
    if (values.length === 0) this.problem(path, 'must hold at least one text');
    return values;
  }

  optionalTexts(path: Path): string[] {
    return this.optionalList(path).map((_, index) => this.text([...path, index]));
  }

  optionalNumber(path: Path): number | undefined {
    const value = this.get(path);
    if (value === undefined || (typeof value === 'number' && Number.isFinite(value) && value >= 0)) return value;
    this.problem(path, 'must be a number of zero or more');
    return undefined;
  }

  optionalFlag(path: Path): boolean | undefined {
    const value = this.get(path);
    if (value === undefined || typeof value === 'boolean') return value;
    this.problem(path, 'must be true or false');
    return undefined;
  }

  oneOf<Value extends string>(path: Path, values: readonly [Value, ...Value[]] | readonly Value[]): Value {
    const value = this.get(path);
    const found = values.find((known) => known === value);
    if (found === undefined) this.problem(path, `must be one of ${values.join(', ')}`);
    return found ?? (values[0] as Value);
  }
}
