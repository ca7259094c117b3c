/**
 * The strings of what hangs off an image: annotations, and the JSON of provenance, SBOMs and signatures. A
 * string is given with the name that stands before it, so that the rules have their context, and what is base64 (a
 * Dockerfile in a provenance, a signed statement) is looked into. The text as a whole comes last, for what only
 * shows across strings.
 */

import { isUtf8 } from 'node:buffer';
import { asObject, asText, field, parseJson } from '../oci/json.ts';
import type { Annotation, Attachment } from '../source/source.ts';
import type { MetadataString } from './metadata-strings.ts';

/** Levels of base64 inside base64: an envelope, the statement in it, the Dockerfile in that. */
const maxDecoded = 3;
/** Strings of a document that are scanned each by itself; of those beyond it only what its text as a whole does not show. */
const maxStrings = 100_000;

/** The strings of annotations. */
export function annotationStrings(annotations: readonly Annotation[]): MetadataString[] {
  return annotations.map((annotation) => ({ kind: 'annotation', ...annotation }));
}

/** The strings of one attachment that was read, the whole of it last. */
export function* attachedStrings({ title, document }: Attachment): Generator<MetadataString> {
  if (document === undefined) return;
  yield* documentStrings(title, document, 0);
  yield { kind: 'attestation', name: title, context: '', value: textOfBytes(document), isWhole: true };
}

function* documentStrings(title: string, bytes: Uint8Array, depth: number): Generator<MetadataString> {
  let json: unknown;
  try {
    json = parseJson(bytes, title);
  } catch {
    yield { kind: 'attestation', name: title, context: '', value: textOfBytes(bytes), isWhole: true };
    return;
  }
  let count = 0;
  for (const leaf of leaves(json)) {
    const decoded = depth < maxDecoded ? decodeBase64(leaf.value) : undefined;
    if (decoded === undefined) {
      if (++count > maxStrings && !isEscaped.test(leaf.value)) continue;
      yield { kind: 'attestation', name: `${title} › ${leaf.path}`, context: leaf.name, value: leaf.value };
    } else if (/^\s*[{[]/.test(textOfBytes(decoded.subarray(0, 64)))) {
      yield* documentStrings(title, decoded, depth + 1);
    } else {
      const name = `${title} › ${leaf.fileName ?? leaf.path}`;
      yield { kind: 'attestation', name, context: '', value: textOfBytes(decoded), isWhole: true };
    }
  }
}

/** Characters that JSON writes in another way, or may. */
const isEscaped = /["\\<>&]|[^ -~]/;

interface Leaf {
  readonly path: string;
  /** What says what the value is: its key, or the `name` beside a `value`. */
  readonly name: string;
  readonly value: string;
  /** The `filename` beside it. */
  readonly fileName?: string;
}

function* leaves(root: unknown): Generator<Leaf> {
  const stack: { path: string; name: string; value: unknown; fileName?: string }[] = [
    { path: '', name: '', value: root },
  ];
  for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
    const { path, name, value } = top;
    if (typeof value === 'string') {
      if (value !== '') yield { ...top, value };
      continue;
    }
    if (typeof value !== 'object' || value === null) continue;
    const object = asObject(value);
    const sibling = asText(field(object, 'name')) ?? asText(field(object, 'key'));
    const fileName = asText(field(object, 'filename'));
    const below = Object.entries(value).map(([key, item]) => ({
      // Where a build's argument stands in the document says nothing that its name does not.
      path: path === '' || key.startsWith('build-arg:') ? key : `${path}.${key}`,
      // An item of a list is what the list is; a `value` is what its `name` says.
      name:
        object === undefined
          ? name
          : key === 'value' && sibling !== undefined
            ? sibling
            : key.replace(/^build-arg:/, ''),
      value: item as unknown,
      ...(fileName === undefined ? {} : { fileName }),
    }));
    // Not `push(...)`: a list may be longer than a call has arguments.
    for (const item of below.reverse()) stack.push(item);
  }
}

/** The bytes of base64 text that is long enough to hold anything and decodes to text. */
function decodeBase64(text: string): Buffer | undefined {
  if (text.length < 40 || !/^[A-Za-z0-9+/_-]+={0,2}$/.test(text)) return undefined;
  const decoded = Buffer.from(text, 'base64');
  const isText = isUtf8(decoded) && !decoded.subarray(0, 4096).includes(0);
  return isText ? decoded : undefined;
}

function textOfBytes(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}
