/** A finding's place in words: where it is, which step and layer put it there, whether it is still there. */

import type { Exposure, Finding, Location, LocationKind } from '../scan/finding.ts';
import type { PaintFormat } from './paint.ts';
import { oneLine, printable } from './printable.ts';
import { truncate } from './wrap.ts';

/** Columns for the name of another image or stage beside an exposure. */
const widestName = 24;
const stillPulled = ', still in every pull';

const kindNames: Readonly<Record<Exclude<LocationKind, 'file'>, string>> = {
  path: 'file name',
  env: 'ENV',
  arg: 'ARG',
  label: 'LABEL',
  history: 'history',
  cmd: 'CMD',
  entrypoint: 'ENTRYPOINT',
  healthcheck: 'HEALTHCHECK',
  onbuild: 'ONBUILD',
  shell: 'SHELL',
  user: 'USER',
  workdir: 'WORKDIR',
  volume: 'VOLUME',
  author: 'author',
  comment: 'comment',
  annotation: 'annotation',
  config: 'config',
  attestation: 'attestation',
};

/** `opt/app/settings.py:12`, `lib/x.jar › db.properties:3 (base64)`, `ENV API_KEY` */
export function whereOf(location: Location): string {
  const { kind, path, name, line, nested = [], decoded = [] } = location;
  const decoding = decoded.length > 0 ? ` (${decoded.map(printable).join(', ')})` : '';
  if (kind === 'path') {
    const what = name?.replace(/^SCHILY\.xattr\./, 'xattr ');
    const chain = [path ?? '?', ...nested].map(printable).join(' › ');
    return what === undefined ? `file name ${elide(chain)}` : `${elide(oneLine(what))} of ${elide(chain)}`;
  }
  if (kind !== 'file') {
    const subject =
      kind === 'attestation' ? [name, path].filter((part) => part !== undefined).join(' › ') : (path ?? name);
    const at = line === undefined ? '' : `:${line}`;
    return (subject === undefined ? kindName(kind) : `${kindName(kind)} ${elide(oneLine(subject))}${at}`) + decoding;
  }
  const names = [path ?? '?', ...nested];
  const chain = (location.git === undefined ? names : names.map(withoutObjects)).map(printable).join(' › ');
  return elide(chain) + (line === undefined ? '' : `:${line}`) + historyOf(location) + decoding;
}

// Which of git's own files it is in helps nobody; the JSON report has it.
function withoutObjects(path: string): string {
  return path.replace(/\/objects\/(?:pack\/pack-[0-9a-f]{40,64}\.pack|[0-9a-f]{2}\/[0-9a-f]{38,62})$/, '');
}

function historyOf({ git }: Location): string {
  if (git === undefined) return '';
  const state = git.unreachable === true ? 'unreachable' : git.inHead === false ? 'gone from HEAD' : undefined;
  const words = [git.authorDate?.slice(0, 10), state].filter((word) => word !== undefined);
  return words.length === 0 ? '' : ` (${words.join(', ')})`;
}

/** The kind of place as a person calls it; kinds we do not know yet are called what they are. */
export function kindName(kind: LocationKind): string {
  return kind === 'file' ? 'file' : (kindNames[kind] ?? kind);
}

/** `step 41`, `steps 41, 43`, `step 41 +5`; counted from 0, as in the JSON report. */
export function stepOf(finding: Finding): string {
  const { instruction, alsoAt = [] } = finding;
  if (instruction === undefined) return '';
  const line = instruction.dockerfile === undefined ? '' : `line ${instruction.dockerfile.line}`;
  if (instruction.historyIndex === undefined) return line;
  const others = alsoAt.map(({ historyIndex }) => historyIndex);
  if (others.length === 0) return `step ${instruction.historyIndex}${line === '' ? '' : ` (${line})`}`;
  if (others.length > 1) return `step ${instruction.historyIndex} +${others.length}`;
  return `steps ${instruction.historyIndex}, ${others[0]}`;
}

/** `layer 33`, `layer 0 (base)`; counted from 0, as in the JSON report. */
export function layerOf({ layer }: Finding): string {
  if (layer === undefined) return '';
  return `layer ${layer.index}${layer.baseImage === undefined ? '' : ' (base)'}`;
}

/** Whether the secret is still there, in words; where several images were scanned, whether it is in another. */
export function exposureOf(finding: Finding): string {
  const { liveIn } = finding;
  const words = exposureHere(finding);
  if (liveIn === undefined) return words;
  const [first] = liveIn;
  if (first === undefined) return `${words.replace(stillPulled, '')}; live in no scanned image`;
  const more = liveIn.length > 1 ? ` +${liveIn.length - 1}` : '';
  return `${words.replace(stillPulled, '')}; live in ${truncate(oneLine(first), widestName)}${more}`;
}

function exposureHere(finding: Finding): string {
  const by = finding.removedBy === undefined ? 'later' : `in layer ${finding.removedBy.layer}`;
  switch (finding.exposure) {
    case 'live':
      return 'live';
    case 'overwritten':
      return `overwritten ${by}`;
    case 'deleted':
      return `${finding.removedBy?.how === 'opaque' ? 'hidden by an opaque folder' : 'deleted'} ${by}${stillPulled}`;
    case 'attestation': {
      const stage = finding.instruction?.dockerfile?.stage;
      return stage === undefined
        ? 'in the build attestation'
        : `only in metadata of build stage ${truncate(oneLine(stage), widestName)}`;
    }
    default:
      return metadataExposure(finding.location.kind);
  }
}

/** How an exposure is painted: what anybody sees at once, what takes a look, what is buried. */
export const exposureFormat: Readonly<Record<Exposure, PaintFormat>> = {
  live: 'red',
  metadata: 'red',
  overwritten: 'yellow',
  deleted: 'yellow',
  attestation: 'yellow',
};

/** Cuts the middle out of what nobody reads; the JSON report has it in full. */
function elide(text: string): string {
  return text.length <= 1000 ? text : `${text.slice(0, 600)}…${text.slice(-300)}`.toWellFormed();
}

function metadataExposure(kind: LocationKind): string {
  switch (kind) {
    case 'env':
      return 'set in every container';
    case 'cmd':
    case 'entrypoint':
    case 'healthcheck':
      return 'run in every container';
    case 'history':
    case 'arg':
      return 'only in history, still in every pull';
    default:
      return 'in the image configuration';
  }
}
