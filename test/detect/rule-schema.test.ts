import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { describe, it } from 'mocha';
import { parse } from 'yaml';
import { ruleFilesIn } from '../../src/detect/load-rules.ts';
import { parseRules } from '../../src/detect/parse-rules.ts';
import { validRule } from './valid-rule.ts';

const schema = JSON.parse(readFileSync('schemas/rule.schema.json', 'utf8'));
const validate = new Ajv({ allErrors: true }).compile(schema);

describe('schemas/rule.schema.json', () => {
  it('accepts every rule file', () => {
    const problems = ruleFilesIn('rules').flatMap((file) =>
      validate(parse(readFileSync(file, 'utf8')))
        ? []
        : (validate.errors ?? []).map((error) => `${file}: ${error.instancePath} ${error.message}`),
    );
    assert.deepEqual(problems, []);
  });

  it('agrees with the parser about which fields there are', () => {
    const mistakes = ['extra: 1', 'rotate: { extra: 1 }', 'id: 5', 'detectors: []', 'categories: text'];
    assert.ok(validate(parse(validRule())));
    assert.deepEqual(parseRules(validRule(), 'acme.yaml').problems, []);
    for (const mistake of mistakes) {
      const key = mistake.split(':')[0] ?? '';
      const text = `${validRule({ without: key })}\n${mistake}\n`;
      assert.equal(validate(parse(text)), false, mistake);
      assert.notDeepEqual(parseRules(text, 'acme.yaml').problems, [], mistake);
    }
    for (const field of Object.keys(schema.$defs.detector.properties)) {
      const known = parseRules(validRule({ detector: `    ${field}: {}` }), 'acme.yaml').problems;
      assert.ok(!known.some(({ message }) => message.includes('unknown field')), field);
    }
  });
});
