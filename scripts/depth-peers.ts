/**
 * Counts what whichlayer and other scanners find of the depth image (test/support/depth), and prints the tables of docs/depth.md. The
 * others scan each of the two layouts that `docker save` writes twice, as an image and as a file, and its layers unpacked into folders;
 * what any of the five reports tells is found. A report tells of a place where it holds the place's secret, a form of it that stands there, or the path of its file.
 */

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildImage, type ImageSpec, layerTar } from '../test/support/build-image.ts';
import { type ControlFile, controlFiles, type DepthPlant, depthImage } from '../test/support/depth/image.ts';
import { whichlayer } from '../test/support/plant/cli.ts';
import { table } from './bench/table.ts';
import { findScanners, type Scanner } from './depth/scanners.ts';

const layouts = ['docker-old', 'docker-25'] as const;

/** What one scanner found. */
interface Column {
  readonly title: string;
  readonly found: ReadonlySet<DepthPlant>;
  /** Those among them that only the path of the file tells. */
  readonly byPath: ReadonlySet<DepthPlant>;
  /** Files of the control group. */
  readonly control: number;
}

const folder = mkdtempSync(join(tmpdir(), 'whichlayer-depth-'));
const { spec, plants } = depthImage(6, folder);
const control = controlFiles(7);

function write(name: string, image: ImageSpec, layout: (typeof layouts)[number]): string {
  const path = join(folder, `${name}-${layout}.tar`);
  writeFileSync(path, buildImage({ ...image, layout }));
  return path;
}

/** The image without the layer that puts a file in place of a folder, at which a scanner that unpacks all layers into one folder fails. */
function calmer({ layers, history, ...rest }: ImageSpec): ImageSpec {
  const at = layers.findIndex(({ files = {} }) => 'app/folder' in files);
  const others = <T>(list: readonly T[]): T[] => list.filter((_, index) => index !== at);
  return { ...rest, layers: others(layers), history: others(history ?? []) };
}

function columnOf(title: string, reports: readonly string[], controlReport: string): Column {
  const told = ({ token, where }: DepthPlant): 'secret' | 'path' | undefined => {
    const texts = [token.secret, ...(token.also ?? [])].filter((text) => text !== '');
    if (texts.some((text) => reports.some((report) => report.includes(text)))) return 'secret';
    const { kind, path } = where;
    return kind === 'file' && reports.some((report) => report.includes(path!)) ? 'path' : undefined;
  };
  return {
    title,
    found: new Set(plants.filter((plant) => told(plant) !== undefined)),
    byPath: new Set(plants.filter((plant) => told(plant) === 'path')),
    control: control.filter(({ token }) => controlReport.includes(token.secret)).length,
  };
}

/** The layers, each in a folder of its own. */
function unpacked(): string {
  const root = join(folder, 'unpacked');
  for (const [index, layer] of spec.layers.entries()) {
    const to = join(root, String(index));
    mkdirSync(to, { recursive: true });
    execFileSync('tar', ['-x', '-C', to], { input: layerTar(layer), stdio: ['pipe', 'ignore', 'ignore'] });
  }
  return root;
}

async function ours(path: string): Promise<string> {
  const args = ['scan', '--format', 'json', '--show-secrets', '--min-confidence', 'low', path];
  const { code, stdout, stderr } = await whichlayer(args);
  if (code !== 1) throw new Error(`whichlayer ended with ${code}: ${stderr}`);
  return stdout;
}

function theirs(scanner: Scanner, index: number): Column {
  let runs = 0;
  const work = (): string => join(folder, `work-${index}-${runs++}`);
  const reports = layouts.flatMap((layout) => {
    const archive = write('depth', spec, layout);
    const asFile = scanner.files(archive, work());
    try {
      return [asFile, scanner.image(archive, work())];
    } catch (error) {
      console.error(
        `${scanner.title}, ${layout}: ${(error as Error).message}\nOnce more without the layer it may be for.`,
      );
      return [asFile, scanner.image(write('calmer', calmer(spec), layout), work())];
    }
  });
  reports.push(scanner.files(unpacked(), work()));
  const plain = join(folder, 'plain');
  mkdirSync(plain, { recursive: true });
  for (const { path, text } of control) writeFileSync(join(plain, path), text);
  return columnOf(scanner.title, reports, scanner.files(plain, work()));
}

function printed(columns: readonly Column[]): string {
  const groups = [...new Set(plants.map(({ group }) => group))].map((title) => ({
    title,
    places: plants.filter(({ group }) => group === title),
  }));
  const rows = [...groups, { title: 'all', places: plants }].map(({ title, places }) => [
    title,
    ...[places.length, ...columns.map(({ found }) => places.filter((place) => found.has(place)).length)].map(String),
  ]);
  rows.push(['told by their path alone', '', ...columns.map(({ byPath }) => String(byPath.size))]);
  rows.push([
    'control group: plain files',
    ...[control.length, ...columns.map((column) => column.control)].map(String),
  ]);
  const missed = columns.map(({ title, found }) => {
    const lists = groups.flatMap(({ title: group, places }) => {
      const names = places.filter((place) => !found.has(place)).map(({ place }) => place);
      return names.length === 0 ? [] : [`- **${group}**: ${names.join('; ')}`];
    });
    return `### ${title}\n\n${lists.length === 0 ? 'Nothing.' : lists.join('\n')}`;
  });
  const day = new Date().toISOString().slice(0, 10);
  const heads = ['', 'places', ...columns.map(({ title }) => title)];
  return `## Counted\n\nOn ${day}:\n\n${table(heads, rows)}\n\n## What is missed\n\n${missed.join('\n\n')}`;
}

function controlImage(files: readonly ControlFile[]): ImageSpec {
  return { layers: [{ files: Object.fromEntries(files.map(({ path, text }) => [path, text])) }], tags: ['control:1'] };
}

try {
  const reports = [];
  for (const layout of layouts) reports.push(await ours(write('depth', spec, layout)));
  const controlReport = await ours(write('control', controlImage(control), 'docker-old'));
  const scanners = findScanners(process.env['PEERS'] ?? '');
  console.log(printed([columnOf('whichlayer', reports, controlReport), ...scanners.map(theirs)]));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
