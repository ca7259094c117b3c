/** The JSON Schema of the configuration file, from the table of flags. */

import { configKeyOf } from '../src/cli/config.ts';
import { type Flag, flags } from '../src/cli/flags.ts';
import { confidences, severities } from '../src/detect/rule.ts';

type Schema = Readonly<Record<string, unknown>>;

const text: Schema = { type: 'string', minLength: 1 };

/** The schema's file, written as the formatter wants it: lists of words on one line. */
export function configSchemaText(): string {
  const json = JSON.stringify(configSchema(), undefined, 2);
  return `${json.replace(/\[\s+("[^"\n]*"(?:,\s+"[^"\n]*")*)\s+\]/g, (_, words: string) => `[${words.replace(/,\s+/g, ', ')}]`)}\n`;
}

function configSchema(): Schema {
  const options = flags.flatMap((flag) => {
    const key = configKeyOf(flag);
    return key === undefined ? [] : [[key, optionSchema(flag)] as const];
  });
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    $id: 'https://whichlayer.invalid/schemas/config.schema.json',
    title: 'The configuration file .whichlayer.yaml (docs/config.md)',
    type: 'object',
    additionalProperties: false,
    properties: { ...Object.fromEntries(options), rules: rulesSchema },
  };
}

const rulesSchema: Schema = {
  description: 'What is set differently for single rules, or for all rules of a provider.',
  type: ['object', 'null'],
  additionalProperties: {
    type: 'object',
    additionalProperties: false,
    properties: {
      confidence: { enum: confidences },
      severity: { enum: severities },
      enabled: { description: 'False: the rule does not run.', type: 'boolean' },
    },
  },
};

function optionSchema({ value, choices, least, repeatable, name, description }: Flag): Schema {
  if (value === undefined) return { description, type: 'boolean' };
  // Commands differ in their formats.
  if (choices !== undefined && name !== 'format') return { description, enum: choices };
  if (least !== undefined) return { description, type: 'integer', minimum: least };
  return repeatable ? { description, anyOf: [text, { type: 'array', items: text }] } : { description, ...text };
}
