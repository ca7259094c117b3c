/**
 * Makes a Dockerfile, its context and the truth about them from a seed: thirty secrets in every kind of place an
 * image has, among a few hundred files that hold none. The truth speaks of the Dockerfile's steps; which layer and
 * history entry a step becomes differs a little between builders (expectation.ts).
 */

import { chmodSync, copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Exposure, LocationKind } from '../../../src/scan/finding.ts';
import { tool } from '../real/tool.ts';
import { packTar } from '../tar-writer.ts';
import { decoyFiles, decoyVariables } from './decoy.ts';
import { Random } from './random.ts';
import { type MadeSecret, type SecretKind, secretKinds } from './secret-kind.ts';
import { instruction, kebab, quoteWord, type WrittenFile, writeFile } from './writing.ts';
import { packZip } from './zip.ts';

/** One instruction of the Dockerfile that leaves an entry in the history. */
export interface Step {
  readonly line: string;
  /** Text that the entry's `created_by` holds whatever the builder. */
  readonly keyword: string;
  readonly makesLayer: boolean;
}

/** One planted secret, and where it must be found. */
export interface Plant {
  readonly kind: SecretKind;
  readonly made: MadeSecret;
  /** For a person: `ENV replaced`, `file in a jar`. */
  readonly where: string;
  readonly location: LocationKind;
  readonly name?: string;
  /** The path in the image, or one of the two names of a hard-linked file. */
  readonly paths: readonly string[];
  /** Members inside the file, outermost first; undefined in an entry where any name will do. */
  readonly nested: number;
  readonly exposure: Exposure;
  readonly step: Step;
  readonly removedBy?: Step;
  /** A build argument: each later RUN repeats it. */
  readonly argument?: 'default' | 'passed';
}

/** A Dockerfile with its truth. */
export interface PlantedImage {
  readonly seed: number;
  readonly steps: readonly Step[];
  readonly plants: readonly Plant[];
  readonly dockerfile: string;
  readonly context: Readonly<Record<string, string | Uint8Array>>;
  readonly buildArgs: Readonly<Record<string, string>>;
}

/** Makes the image of a seed; `ociOnly` leaves out what OCI's configuration has no field for (HEALTHCHECK, ONBUILD). */
export function plantImage(seed: number, { ociOnly = false }: { ociOnly?: boolean } = {}): PlantedImage {
  return new Planting(seed, ociOnly).image();
}

/** Writes Dockerfile and context into a folder. */
export function writeContext(image: PlantedImage, folder: string): void {
  for (const [path, content] of Object.entries(image.context)) {
    const target = join(folder, path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, content);
  }
  writeFileSync(join(folder, 'Dockerfile'), image.dockerfile);
  const program = join(folder, 'base/bin/busybox');
  mkdirSync(dirname(program), { recursive: true });
  copyFileSync(tool('busybox'), program);
  chmodSync(program, 0o755);
}

class Planting {
  readonly #random: Random;
  readonly #seed: number;
  readonly #ociOnly: boolean;
  readonly #plants: Plant[] = [];
  /** Sequences of steps; steps of one keep their order, sequences are mixed. */
  readonly #sequences: Step[][] = [];
  readonly #context: Record<string, string | Uint8Array> = { 'base/var/lib/build/.keep': '' };
  readonly #buildArgs: Record<string, string> = {};
  readonly #unused: SecretKind[];
  readonly #names = new Set<string>();
  #counter = 0;

  constructor(seed: number, ociOnly: boolean) {
    this.#seed = seed;
    this.#ociOnly = ociOnly;
    this.#random = new Random(seed);
    // Every kind once before any comes twice.
    this.#unused = [...this.#random.shuffle(secretKinds), ...this.#random.shuffle(secretKinds)];
  }

  image(): PlantedImage {
    this.#environment();
    this.#commands();
    this.#files();
    this.#decoys();
    const base: Step[] = [
      copy('base/', '/'),
      { line: 'RUN ["/bin/busybox", "--install", "-s", "/bin"]', keyword: '--install', makesLayer: true },
    ];
    const last = this.#run('echo done');
    const steps = [...base, ...this.#mix(), last];
    const lines = steps.map((step) => step.line);
    const dockerfile = ['FROM scratch AS base', ...lines.slice(0, 2), '', 'FROM base', ...lines.slice(2), ''].join(
      '\n',
    );
    return {
      seed: this.#seed,
      steps,
      plants: this.#plants,
      dockerfile,
      context: this.#context,
      buildArgs: this.#buildArgs,
    };
  }

  #environment(): void {
    for (let count = 0; count < 3; count++) {
      const { kind, made, name, value } = this.#variable({ bulky: true });
      const step = this.#emptyStep(instruction(this.#random, 'ENV', [...beside(made), [name, value]]), 'ENV');
      this.#plant({ kind, made, where: 'ENV', location: 'env', name, step, exposure: 'metadata' });
      this.#sequences.push([step]);
    }
    for (let count = 0; count < 2; count++) {
      const { kind, made, name, value } = this.#variable();
      const step = this.#emptyStep(instruction(this.#random, 'ENV', [[name, value]]), 'ENV');
      const later = this.#emptyStep(`ENV ${name}=${this.#random.pick(['changeme', '""', 'none'])}`, 'ENV');
      this.#plant({ kind, made, where: 'ENV replaced', location: 'history', step, exposure: 'metadata' });
      this.#sequences.push([step, later]);
    }
    for (let count = 0; count < 2; count++) {
      const { kind, made, name, value } = this.#variable();
      const label = `net.acme.${kebab(name)}`;
      const step = this.#emptyStep(instruction(this.#random, 'LABEL', [[label, value]]), 'LABEL');
      this.#plant({ kind, made, where: 'LABEL', location: 'label', name: label, step, exposure: 'metadata' });
      this.#sequences.push([step]);
    }
  }

  #commands(): void {
    const byDefault = this.#variable();
    const declared = this.#emptyStep(`ARG ${byDefault.name}=${quoteWord(this.#random, byDefault.value)}`, 'ARG');
    this.#plant({
      ...byDefault,
      where: 'ARG default',
      location: 'arg',
      step: declared,
      exposure: 'metadata',
      argument: 'default',
    });
    this.#sequences.push([declared]);

    const passed = this.#variable({ bulky: true, raw: true });
    const taken = this.#emptyStep(`ARG ${passed.name}`, 'ARG');
    this.#buildArgs[passed.name] = passed.value;
    this.#plant({
      ...passed,
      where: 'ARG passed',
      location: 'history',
      step: taken,
      exposure: 'metadata',
      argument: 'passed',
    });
    this.#sequences.push([taken, this.#run('echo compiled')]);

    for (let count = 0; count < 2; count++) {
      const { kind, made, command } = this.#command();
      const step = this.#run(command);
      this.#plant({ kind, made, where: 'RUN', location: 'history', step, exposure: 'metadata' });
      this.#sequences.push([step]);
    }

    if (!this.#ociOnly) this.#hooks();
    const start = this.#variable();
    const entry = this.#emptyStep(
      `ENTRYPOINT ${JSON.stringify(['/app/serve', `--${kebab(start.name)}=${start.value}`])}`,
      'ENTRYPOINT',
    );
    this.#plant({ ...start, where: 'ENTRYPOINT', location: 'entrypoint', step: entry, exposure: 'metadata' });
    const words = this.#variable();
    const cmd = this.#emptyStep(
      `CMD ${JSON.stringify(['--port', '8080', `--${kebab(words.name)}`, words.value])}`,
      'CMD',
    );
    this.#plant({ ...words, where: 'CMD', location: 'cmd', step: cmd, exposure: 'metadata' });
    this.#sequences.push([entry, cmd]);
  }

  /** Commands that a container runs by itself. */
  #hooks(): void {
    const check = this.#command();
    const health = this.#emptyStep(`HEALTHCHECK --interval=30s CMD ${check.command}`, 'HEALTHCHECK');
    this.#plant({ ...check, where: 'HEALTHCHECK', location: 'healthcheck', step: health, exposure: 'metadata' });
    const trigger = this.#command();
    const onBuild = this.#emptyStep(`ONBUILD RUN ${trigger.command}`, 'ONBUILD');
    this.#plant({ ...trigger, where: 'ONBUILD', location: 'onbuild', step: onBuild, exposure: 'metadata' });
    this.#sequences.push([health], [onBuild]);
  }

  #files(): void {
    for (let wave = 0; wave < 2; wave++) {
      const folder = this.#folder();
      const step = copy(`${folder}/`, '/');
      const doomed: string[] = [];
      for (const where of ['file', 'file', 'file deleted']) {
        const { kind, made, file } = this.#file();
        const path = `srv/${folder}-${this.#counter++}/${file.path}`;
        this.#context[`${folder}/${path}`] = file.content;
        if (where === 'file deleted') doomed.push(path);
        this.#plant({
          kind,
          made,
          where,
          location: 'file',
          path,
          step,
          exposure: where === 'file' ? 'live' : 'deleted',
        });
      }
      const removal = this.#run(doomed.map((path) => `rm /${path}`).join(' && '));
      this.#removed(doomed, removal);
      this.#sequences.push([step, removal]);
    }
    this.#overwritten();
    this.#hiddenFolders();
    this.#packed();
    this.#hardLinked();
    this.#oddNames();
  }

  #overwritten(): void {
    const folder = this.#folder();
    const step = copy(`${folder}/`, '/');
    const byCopy = `${this.#folder()}`;
    const paths: string[] = [];
    for (let count = 0; count < 2; count++) {
      const { kind, made, file } = this.#file();
      const path = `opt/${folder}-${count}/${file.path}`;
      this.#context[`${folder}/${path}`] = file.content;
      paths.push(path);
      this.#plant({ kind, made, where: 'file overwritten', location: 'file', path, step, exposure: 'overwritten' });
    }
    const [first, second] = paths as [string, string];
    this.#context[`${byCopy}/${first}`] = '# moved to the vault\n';
    const copied = copy(`${byCopy}/`, '/');
    const written = this.#run(`echo nothing > /${second}`);
    this.#removed([first], copied);
    this.#removed([second], written);
    this.#sequences.push([step, ...this.#random.shuffle([copied, written])]);
  }

  #hiddenFolders(): void {
    const folder = this.#folder();
    const step = copy(`${folder}/`, '/');
    const ends = ['mkdir', 'file'] as const;
    const removals: Step[] = [];
    for (const end of ends) {
      const { kind, made, file } = this.#file();
      const root = `srv/${folder}-${end}`;
      const path = `${root}/conf/${file.path}`;
      this.#context[`${folder}/${path}`] = file.content;
      this.#context[`${folder}/${root}/README`] = 'old\n';
      const where = end === 'mkdir' ? 'file in a replaced folder' : 'file below a file';
      this.#plant({ kind, made, where, location: 'file', path, step, exposure: 'deleted' });
      const make = end === 'mkdir' ? `mkdir /${root} && echo new > /${root}/README` : `echo new > /${root}`;
      const removal = this.#run(`rm -rf /${root} && ${make}`);
      this.#removed([path], removal);
      removals.push(removal);
    }
    this.#sequences.push([step, ...removals]);
  }

  #packed(): void {
    const folder = this.#folder();
    const step = copy(`${folder}/`, '/');
    const gz = this.#file();
    const dump = `var/backups/${folder}.sql.gz`;
    this.#context[`${folder}/${dump}`] = gzipSync(`-- dump\n${gz.file.content}-- end\n`);
    this.#plant({ ...gz, where: 'file in a gz', location: 'file', path: dump, nested: 1, step, exposure: 'live' });
    const jar = this.#file();
    const archive = `opt/${folder}/${this.#random.pick(['app.jar', 'site.zip', 'tool.whl'])}`;
    this.#context[`${folder}/${archive}`] = packZip({
      'META-INF/MANIFEST.MF': 'Manifest-Version: 1.0\n',
      [`BOOT-INF/classes/${jar.file.path}`]: jar.file.content,
      'static/logo.bin': this.#random.bytes(3000),
    });
    this.#plant({ ...jar, where: 'file in a zip', location: 'file', path: archive, nested: 1, step, exposure: 'live' });
    this.#sequences.push([step]);
  }

  // The name that the tar holds the content under is deleted, the other one keeps it alive.
  #hardLinked(): void {
    const { kind, made, file } = this.#file();
    const folder = this.#folder();
    const paths = [`opt/${folder}/a.conf`, `opt/${folder}/b.conf`];
    this.#context[`${folder}.tar`] = packTar([
      { path: 'a.conf', content: file.content },
      { path: 'b.conf', type: 'hardlink', linkTarget: 'a.conf' },
    ]);
    const step: Step = { line: `ADD ${folder}.tar /opt/${folder}/`, keyword: 'ADD', makesLayer: true };
    const removal = this.#run(`rm /opt/${folder}/a.conf`);
    this.#plant({ kind, made, where: 'hard link', location: 'file', paths, step, exposure: 'live' });
    this.#sequences.push([step, removal]);
  }

  #oddNames(): void {
    const folder = this.#folder();
    const step = copy(`${folder}/`, '/');
    const long = `opt/${this.#random.text('abcdef', 90)}/${this.#random.text('ghijkl', 110)}/${this.#random.text('mnop', 120)}`;
    for (const parent of [long, 'opt/настройки/données-設定']) {
      const { kind, made, file } = this.#file();
      const path = `${parent}/${file.path}`;
      this.#context[`${folder}/${path}`] = file.content;
      this.#plant({ kind, made, where: 'file with an odd name', location: 'file', path, step, exposure: 'live' });
    }
    this.#sequences.push([step]);
  }

  #decoys(): void {
    const folder = this.#folder();
    for (const [path, content] of Object.entries(decoyFiles(this.#random)))
      this.#context[`${folder}/${path}`] = content;
    const { env, labels } = decoyVariables(this.#random);
    const pairs = (all: [string, string][]): string => all.map(([name, value]) => `${name}="${value}"`).join(' ');
    this.#sequences.push(
      [copy(`${folder}/`, '/')],
      [this.#emptyStep(`ENV ${pairs(env)}`, 'ENV')],
      [this.#emptyStep(`LABEL ${pairs(labels)}`, 'LABEL')],
      [this.#emptyStep('ARG APP_PASSWORD', 'ARG')],
    );
  }

  #mix(): Step[] {
    const rest = this.#sequences.map((sequence) => [...sequence]);
    const steps: Step[] = [];
    while (rest.some((sequence) => sequence.length > 0)) {
      steps.push(this.#random.pick(rest.filter((sequence) => sequence.length > 0)).shift()!);
    }
    return steps;
  }

  #plant(plant: Omit<Plant, 'paths' | 'nested'> & { path?: string; paths?: string[]; nested?: number }): void {
    const { path, paths, nested, kind, made, where, location, name, exposure, step, argument } = plant;
    this.#plants.push({
      ...{ kind, made, where, location, exposure, step },
      ...(name === undefined || location === 'history' ? {} : namedPlaces.has(location) ? { name } : {}),
      ...(argument === undefined ? {} : { argument }),
      paths: paths ?? (path === undefined ? [] : [path]),
      nested: nested ?? 0,
    });
  }

  #removed(paths: readonly string[], step: Step): void {
    for (const [index, plant] of this.#plants.entries()) {
      if (plant.paths.some((path) => paths.includes(path))) this.#plants[index] = { ...plant, removedBy: step };
    }
  }

  /** A RUN step; it always leaves a file, since builders drop layers that change nothing. */
  #run(command: string): Step {
    const mark = `run-${this.#counter++}`;
    return {
      line: `RUN (${command}) > /var/lib/build/${mark} 2>&1 || true`,
      keyword: mark,
      makesLayer: true,
    };
  }

  #emptyStep(line: string, keyword: string): Step {
    return { line, keyword, makesLayer: false };
  }

  #folder(): string {
    return `step-${this.#counter++}`;
  }

  #next(fits: (made: MadeSecret, kind: SecretKind) => boolean): { kind: SecretKind; made: MadeSecret } {
    for (const [index, kind] of this.#unused.entries()) {
      const made = kind.make(this.#random);
      if (!fits(made, kind)) continue;
      this.#unused.splice(index, 1);
      return { kind, made };
    }
    throw new Error('no kind of secret is left that fits');
  }

  #variable({ bulky = false, raw = false } = {}): { kind: SecretKind; made: MadeSecret; name: string; value: string } {
    const fits = (made: MadeSecret, kind: SecretKind): boolean =>
      made.name !== undefined && !this.#names.has(made.name) && (bulky || kind.bulky !== true);
    const { kind, made } = this.#next(fits);
    const name = made.name!;
    this.#names.add(name);
    for (const other of Object.keys(made.beside ?? {})) this.#names.add(other);
    const value = made.value ?? made.secret;
    return { kind, made, name, value: raw ? value : oneLine(value) };
  }

  #command(): { kind: SecretKind; made: MadeSecret; command: string } {
    const fits = (made: MadeSecret, kind: SecretKind): boolean =>
      (made.command !== undefined || made.name !== undefined) && kind.bulky !== true;
    const { kind, made } = this.#next(fits);
    const value = made.value ?? made.secret;
    return {
      kind,
      made,
      command: made.command ?? `${made.name}=${quoteWord(this.#random, value)} ./configure --prefix=/usr`,
    };
  }

  #file(): { kind: SecretKind; made: MadeSecret; file: WrittenFile } {
    const { kind, made } = this.#next(() => true);
    if (made.file !== undefined && (made.name === undefined || !this.#random.oneIn(3)))
      return { kind, made, file: made.file };
    const value = oneLine(made.value ?? made.secret);
    return { kind, made, file: writeFile(this.#random, [...beside(made), [made.name!, value]]) };
  }
}

const namedPlaces: ReadonlySet<LocationKind> = new Set(['env', 'label', 'arg']);

function beside(made: MadeSecret): [string, string][] {
  return Object.entries(made.beside ?? {});
}

// A key in one line, its line ends written as `\n`, as it is kept in variables.
function oneLine(value: string): string {
  return value.replaceAll('\n', '\\n');
}

function copy(from: string, to: string): Step {
  return { line: `COPY ${from} ${to}`, keyword: 'COPY', makesLayer: true };
}
