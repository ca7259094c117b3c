import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { commandNames, flags } from '../../src/cli/flags.ts';
import { help } from '../../src/cli/help.ts';

describe('help', () => {
  for (const command of [undefined, ...commandNames]) {
    it(`fits 80 columns and tells the exit statuses: ${command ?? 'the whole'}`, () => {
      const text = help(command);
      for (const line of text.split('\n')) assert.ok(line.length <= 80, line);
      for (const status of ['0', '1', '2', '3', '4', '70']) assert.match(text, new RegExp(`^  ${status} `, 'm'));
    });
  }

  for (const command of commandNames) {
    it(`names the options of ${command}, and no others`, () => {
      const [options = ''] = help(command).split('\nExamples:');
      for (const { name, commands } of flags) {
        assert.equal(new RegExp(`^ .*--${name}( |$)`, 'm').test(options), commands.includes(command), name);
      }
    });
  }
});
