/**
 * One run: references one after the other, each resolved, scanned and joined. An image that can't be
 * scanned is an error in the report and the others go on; a defect of ours ends the run.
 */

import { randomInt } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { encodePlan } from '../detect/plan-bytes.ts';
import type { KnownRule, RuleSet } from '../detect/rule.ts';
import { type Diagnostic, notice, ScanError } from '../errors.ts';
import type { WalkOptions } from '../layer/walk-layer.ts';
import type { Dockerfile } from '../oci/provenance.ts';
import type { Reference } from '../oci/reference.ts';
import type { ImageSource } from '../source/source.ts';
import { auditEnv, envVerdicts } from './audit-env.ts';
import type { KnownBase } from './base-image.ts';
import type { CachePlaces } from './cache/cache-folder.ts';
import type { LayerCache } from './cache/layer-cache.ts';
import { rulesById } from './draft.ts';
import type { EnvImageReport, EnvReport, ImageError, ImageReport, Report, Suppressed } from './finding.ts';
import { Fingerprinter } from './fingerprint.ts';
import type { JoinKit } from './join.ts';
import { withLiveIn } from './live-in.ts';
import { ScanPool } from './pool.ts';
import type { ScanProgress } from './progress.ts';
import { scanSource } from './scan-source.ts';
import { addSuppressed, type Filter, isAskedFor, severityRank } from './triage.ts';

/** An image to look at: how the user calls it, and how to open it. */
export interface Target {
  readonly text: string;
  /** What the text means, for proofs. */
  readonly reference?: Reference;
  readonly open: (signal: AbortSignal) => Promise<ImageSource>;
}

/** What a run is made with. */
export interface RunOptions {
  readonly version: string;
  readonly ruleSet: RuleSet;
  /** The rule set worked out for matching (`loadPlan`); without it that is done here. */
  readonly plan?: Uint8Array;
  readonly automaton: Uint8Array | undefined;
  readonly filter: Filter;
  readonly showSecrets: boolean;
  /** Images they may be built upon. */
  readonly bases?: readonly Target[];
  /** The Dockerfile the images were built with, for lines. */
  readonly dockerfile?: Dockerfile;
  /** The configuration file that was read. */
  readonly config?: string;
  /** Where scans of layers are kept (`cachePlaces`); without it nothing is kept. */
  readonly cachePlaces?: CachePlaces;
  /** Keys the fingerprints (`WHICHLAYER_FINGERPRINT_KEY`). */
  readonly fingerprintKey: string | undefined;
  /** True: of each image with findings is told whether anyone can pull it. */
  readonly checkPublic?: boolean;
  /** Blobs at a time; without it, as many as there are processors. */
  readonly jobs: number | undefined;
  readonly walk: Omit<WalkOptions, 'signal' | 'expectedDigest' | 'expectedSizeBytes'>;
  readonly signal: AbortSignal;
  readonly progress: ScanProgress;
}

/** Scans images, layers and metadata. @throws ScanError INTERNAL, or the signal's reason */
export async function runScan(targets: readonly Target[], options: RunOptions): Promise<Report> {
  const started = new Date();
  const images: (ImageReport | ImageError)[] = [];
  const diagnostics: Diagnostic[] = remarksOn(options);
  const suppressed: Suppressed[] = [];
  const hiddenLooks = new Set<string>();
  let hiddenByConfidence = 0;
  const bases = await readBases(options);
  const pool = await openPool(options);
  const kit = joinKit(options, pool);
  const cache = await openCache(options, kit.knownPublic);
  const join: JoinKit = {
    ...kit,
    bases,
    ...(cache === undefined ? {} : { imagesBelow: (stack) => cache.imagesBelow(stack) }),
  };
  try {
    pool.warmUp();
    for (const target of targets) {
      await withSource(target, options, images, async (source) => {
        await tellWhatComes(source, target.text, options.progress);
        const { reference: place } = target;
        const scanned = await scanSource(source, {
          ...options,
          pool,
          ...(cache === undefined ? {} : { cache }),
          join: place === undefined ? join : { ...join, place },
        });
        for (const image of scanned.images) {
          images.push(await withReach(image.report, source, options));
          hiddenByConfidence += image.hiddenByConfidence;
          suppressed.push(image.suppressed);
          for (const look of image.hiddenLooks) hiddenLooks.add(look);
          if (image.seen !== undefined) cache?.remember(image.seen);
        }
        diagnostics.push(...scanned.diagnostics, ...unaskedReach(source, scanned.images, options));
      });
    }
    if (cache !== undefined && cache.afresh > 0) {
      const layers = cache.afresh === 1 ? 'a layer with matches was' : `${cache.afresh} layers with matches were`;
      options.progress({ kind: 'remark', message: `${layers} scanned again, since no secret is kept` });
    }
  } finally {
    await pool.close();
    await cache?.close();
  }
  diagnostics.push(...(cache?.takeDiagnostics() ?? []));
  const summary = { ...summarise(images), hiddenByConfidence, ...presentSum(suppressed) };
  return { ...head(options, started), images: withLiveIn(images, hiddenLooks), diagnostics, summary };
}

/** What the user named as bases, without their layers; who is compared with nothing must hear why. @throws ScanError */
async function readBases({ bases = [], signal }: RunOptions): Promise<KnownBase[]> {
  return Promise.all(
    bases.map(async ({ text, open }) => {
      const source = await open(signal);
      try {
        return { name: text, records: await source.metadata(signal) };
      } finally {
        await source.close();
      }
    }),
  );
}

/** The cache, where one is wanted; what it takes is loaded only then. */
async function openCache(options: RunOptions, knownPublic: JoinKit['knownPublic']): Promise<LayerCache | undefined> {
  if (options.cachePlaces === undefined) return undefined;
  const { LayerCache } = await import('./cache/layer-cache.ts');
  return LayerCache.open({
    ...options,
    places: options.cachePlaces,
    ruleDigest: options.ruleSet.digest,
    knownPublic,
    jobs: options.jobs ?? availableParallelism(),
  });
}

async function withReach(image: ImageReport, source: ImageSource, options: RunOptions): Promise<ImageReport> {
  const { findings, manifestDigest } = image;
  if (options.checkPublic !== true || findings.length === 0 || manifestDigest === undefined) return image;
  const reach = await source.checkPublic?.(manifestDigest, options.signal);
  return reach === undefined ? image : { ...image, reach };
}

/** Said, because no answer would look like a good one. */
function unaskedReach(
  { kind, title, checkPublic }: ImageSource,
  images: readonly { readonly report: ImageReport }[],
  options: RunOptions,
): readonly Diagnostic[] {
  if (options.checkPublic !== true || checkPublic !== undefined) return [];
  if (!images.some(({ report }) => report.findings.length > 0)) return [];
  const message = `It is from ${kind}, so no registry was asked whether anyone can pull it: docker://NAME asks there.`;
  return [notice('SOURCE_UNAVAILABLE', title, message)];
}

/** Audits images' metadata; no layer is fetched. @throws ScanError INTERNAL, or the signal's reason */
export async function runEnv(targets: readonly Target[], options: RunOptions): Promise<EnvReport> {
  const started = new Date();
  const images: (EnvImageReport | ImageError)[] = [];
  const diagnostics: Diagnostic[] = remarksOn(options);
  const suppressed: Suppressed[] = [];
  const pool = await openPool({ ...options, jobs: 1 });
  try {
    pool.warmUp();
    const kit = joinKit(options, pool);
    for (const target of targets) {
      await withSource(target, options, images, async (source) => {
        options.progress({ kind: 'resolved', reference: target.text, title: source.title });
        for (const record of await source.metadata(options.signal)) {
          const audited = await auditEnv(record, kit);
          images.push(audited.report);
          suppressed.push(audited.suppressed);
        }
        diagnostics.push(...source.diagnostics());
      });
    }
  } finally {
    await pool.close();
  }
  const entries = images.flatMap((image) => ('error' in image ? [] : image.entries));
  const byVerdict = Object.fromEntries(
    envVerdicts
      .map((verdict) => [verdict, entries.filter((entry) => entry.verdict === verdict).length] as const)
      .filter(([, count]) => count > 0),
  );
  const summary = { images: images.length, entries: entries.length, byVerdict, ...presentSum(suppressed) };
  return { ...head(options, started), images, diagnostics, summary };
}

/** A source that is no stream knows how many layers there will be; a daemon makes one wait for its first byte. */
async function tellWhatComes(source: ImageSource, reference: string, progress: ScanProgress): Promise<void> {
  const { title, sequential, kind } = source;
  if (sequential) {
    progress({ kind: 'resolved', reference, title });
    if (kind === 'docker-daemon' || kind === 'podman')
      progress({ kind: 'waiting', reason: 'the daemon prepares the archive' });
    return;
  }
  const records = await source.images();
  const blobs = new Set(records.flatMap(({ layers }) => layers.map(({ blob }) => blob)));
  progress({ kind: 'resolved', reference, title, layers: blobs.size });
}

async function withSource(
  target: Target,
  options: RunOptions,
  images: (ImageError | object)[],
  use: (source: ImageSource) => Promise<void>,
): Promise<void> {
  const { signal, progress } = options;
  const reference = target.text;
  progress({ kind: 'opening', reference });
  try {
    signal.throwIfAborted();
    const source = await target.open(signal);
    try {
      await use(source);
    } finally {
      await source.close();
    }
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof ScanError) || error.code === 'INTERNAL') throw error;
    const { code, message, hint } = error;
    images.push({ reference, error: { code, message, ...(hint === undefined ? {} : { hint }) } });
  } finally {
    progress({ kind: 'closed', reference });
  }
}

async function openPool({ plan, ruleSet, jobs, automaton }: RunOptions): Promise<ScanPool> {
  return new ScanPool({
    jobs: jobs ?? availableParallelism(),
    plan: plan ?? (await workOut(ruleSet)),
    automaton,
    seed: randomInt(2 ** 31),
  });
}

/** What it takes to work out a plan is loaded only where none is given. */
async function workOut(ruleSet: RuleSet): Promise<Uint8Array> {
  const { planMatches } = await import('../detect/match-plan.ts');
  return encodePlan(planMatches(ruleSet));
}

function joinKit(options: RunOptions, pool: ScanPool): JoinKit {
  // Read when the first match is joined: most images have none.
  let rules: ReadonlyMap<string, KnownRule> | undefined;
  let knownPublic: ReadonlySet<string> | undefined;
  const { ruleSet } = options;
  return {
    matchTexts: (texts) => pool.match(texts, options.signal),
    rules: {
      get: (id) => {
        if (ruleSet.find !== undefined) return ruleSet.find(id);
        rules ??= rulesById(ruleSet);
        return rules.get(id);
      },
    },
    knownPublic: {
      has: (hash) => {
        knownPublic ??= new Set(ruleSet.knownPublic ?? []);
        return knownPublic.has(hash);
      },
    },
    fingerprinter: new Fingerprinter(options.fingerprintKey),
    filter: options.filter,
    ...(options.dockerfile === undefined ? {} : { dockerfile: options.dockerfile }),
    showSecrets: options.showSecrets,
  };
}

function head(options: RunOptions, started: Date): Pick<Report, 'schemaVersion' | 'tool' | 'startedAt' | 'durationMs'> {
  const { digest, disabled = [] } = options.ruleSet;
  const { providers, rules } = options.ruleSet.counts ?? countRules(options.ruleSet);
  return {
    schemaVersion: 1,
    tool: {
      name: 'whichlayer',
      version: options.version,
      ruleSet: {
        digest,
        rules,
        providers,
        ...(disabled.length === 0 ? {} : { disabled: disabled.length }),
      },
      ...(options.config === undefined ? {} : { config: options.config }),
    },
    startedAt: started.toISOString(),
    durationMs: Date.now() - started.getTime(),
  };
}

function countRules({ providers }: RuleSet): { readonly providers: number; readonly rules: number } {
  return { providers: providers.length, rules: providers.reduce((sum, { detectors }) => sum + detectors.length, 0) };
}

/** What is to be said of the rules that were asked for. */
function remarksOn({ ruleSet, filter }: RunOptions): Diagnostic[] {
  return (ruleSet.remarks ?? []).flatMap(({ rule = '', provider, diagnostic }) =>
    isAskedFor({ rule, provider }, filter) ? [diagnostic] : [],
  );
}

function presentSum(counts: readonly Suppressed[]): { readonly suppressed?: Suppressed } {
  const suppressed = addSuppressed(counts);
  return Object.keys(suppressed).length === 0 ? {} : { suppressed };
}

function summarise(
  images: readonly (ImageReport | ImageError)[],
): Omit<Report['summary'], 'hiddenByConfidence' | 'suppressed'> {
  const findings = images.flatMap((image) => ('error' in image ? [] : image.findings));
  const bySeverity: Partial<Record<(typeof findings)[number]['severity'], number>> = {};
  for (const { severity } of [...findings].sort((a, b) => severityRank(b.severity) - severityRank(a.severity))) {
    bySeverity[severity] = (bySeverity[severity] ?? 0) + 1;
  }
  const secrets = new Set(findings.map(({ fingerprint }) => fingerprint)).size;
  return { images: images.length, findings: findings.length, secrets, bySeverity };
}
