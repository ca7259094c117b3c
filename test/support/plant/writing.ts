/** The ways people write a variable down: in files of many kinds, in a Dockerfile, in a shell. */

import type { Random } from './random.ts';

/** A file as somebody wrote it. */
export interface WrittenFile {
  readonly path: string;
  readonly content: string;
}

type Assignments = readonly (readonly [name: string, value: string])[];

/** One way: the file's name, and its text for the assignments (the secret is the last one). */
interface Style {
  readonly file: string;
  readonly write: (assignments: Assignments) => string;
}

const styles: readonly Style[] = [
  { file: '.env', write: (all) => lines(all, (name, value) => `${name}=${value}`) },
  { file: 'production.env', write: (all) => lines(all, (name, value) => `export ${name}="${value}"`) },
  { file: 'settings.ini', write: (all) => `[app]\n${lines(all, (name, value) => `${name.toLowerCase()} = ${value}`)}` },
  {
    file: 'application.properties',
    write: (all) => `server.port=8080\n${lines(all, (name, value) => `${parts(name).join('.')}=${value}`)}`,
  },
  {
    file: 'config.yaml',
    write: (all) =>
      `server:\n  port: 8080\napp:\n${lines(all, (name, value) => `  ${name.toLowerCase()}: "${value}"`)}`,
  },
  {
    file: 'application.yml',
    write: (all) => `spring:\n  profiles: prod\n${lines(all, (name, value) => `${camel(name)}: '${value}'`)}`,
  },
  {
    file: 'config.json',
    write: (all) =>
      `${JSON.stringify({ port: 8080, ...Object.fromEntries(all.map(([name, value]) => [camel(name), value])) }, null, 2)}\n`,
  },
  { file: 'appsettings.json', write: (all) => JSON.stringify({ Env: Object.fromEntries(all) }) },
  {
    file: 'docker-compose.yml',
    write: (all) =>
      `services:\n  app:\n    image: app\n    environment:\n${lines(all, (name, value) => `      - ${name}=${value}`)}`,
  },
  { file: 'config.js', write: (all) => lines(all, (name, value) => `const ${camel(name)} = '${value}';`) },
  { file: 'constants.ts', write: (all) => lines(all, (name, value) => `export const ${name}: string = "${value}";`) },
  { file: 'settings.py', write: (all) => `import os\n\n${lines(all, (name, value) => `${name} = "${value}"`)}` },
  { file: 'client.py', write: (all) => lines(all, (name, value) => `os.environ["${name}"] = '${value}'`) },
  {
    file: 'Constants.java',
    write: (all) =>
      `final class Constants {\n${lines(all, (name, value) => `  static final String ${name} = "${value}";`)}}\n`,
  },
  { file: 'config.php', write: (all) => `<?php\n${lines(all, (name, value) => `define('${name}', '${value}');`)}` },
  { file: 'initializer.rb', write: (all) => lines(all, (name, value) => `ENV['${name}'] ||= '${value}'`) },
  {
    file: 'main.go',
    write: (all) => `package main\n\n${lines(all, (name, value) => `var ${camel(name)} = "${value}"`)}`,
  },
  { file: 'terraform.tfvars', write: (all) => lines(all, (name, value) => `${name.toLowerCase()} = "${value}"`) },
  {
    file: 'start.sh',
    write: (all) => `#!/bin/sh\nset -e\n${lines(all, (name, value) => `export ${name}='${value}'`)}exec app\n`,
  },
  {
    file: 'deployment.yaml',
    write: (all) =>
      `kind: Deployment\nspec:\n  env:\n${lines(all, (name, value) => `    - name: ${name}\n      value: "${value}"`)}`,
  },
  {
    file: 'web.xml',
    write: (all) =>
      `<config>\n${lines(all, (name, value) => `  <${kebab(name)}>${xml(value)}</${kebab(name)}>`)}</config>\n`,
  },
];

/** Writes assignments down in one of the ways. */
export function writeFile(random: Random, assignments: Assignments): WrittenFile {
  const style = random.pick(styles);
  return { path: style.file, content: style.write(assignments) };
}

/** An ENV or LABEL instruction, quoted as somebody might. */
export function instruction(random: Random, keyword: 'ENV' | 'LABEL', assignments: Assignments): string {
  const [first] = assignments;
  if (
    keyword === 'ENV' &&
    assignments.length === 1 &&
    first !== undefined &&
    !first[1].startsWith('-') &&
    random.oneIn(5)
  )
    return `ENV ${first[0]} ${first[1]}`;
  const pairs = assignments.map(([name, value]) => `${name}=${quoteWord(random, value)}`);
  return `${keyword} ${pairs.join(random.oneIn(3) ? ' \\\n    ' : ' ')}`;
}

/** A word of a Dockerfile or a shell; values never hold quotes or dollars. */
export function quoteWord(random: Random, value: string): string {
  const bare = /^[\w.:/+=@%,~-]+$/.test(value);
  if (bare && !random.oneIn(3)) return value;
  return value.includes('\\') || random.oneIn(2) ? `'${value}'` : `"${value}"`;
}

/** `--pepipost-api-key`, for a command's arguments. */
export function kebab(name: string): string {
  return parts(name).join('-');
}

function lines(assignments: Assignments, line: (name: string, value: string) => string): string {
  return assignments.map(([name, value]) => `${line(name, value)}\n`).join('');
}

function parts(name: string): string[] {
  return name.toLowerCase().split('_');
}

function camel(name: string): string {
  const [first = '', ...rest] = parts(name);
  return first + rest.map((part) => part.charAt(0).toUpperCase() + part.slice(1)).join('');
}

function xml(value: string): string {
  return value.replaceAll('&', '&amp;');
}
