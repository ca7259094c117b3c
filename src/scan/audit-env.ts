/** `whichlayer env`: a verdict for each string of an image's metadata, without a layer being read. */

import { isPlaceholder } from '../detect/placeholder.ts';
import type { KnownRule } from '../detect/rule.ts';
import type { HistoryEntry } from '../oci/image-config.ts';
import type { ImageRecord } from '../source/source.ts';
import { type Draft, rankOf } from './draft.ts';
import type { EnvEntry, EnvImageReport, EnvVerdict, Suppressed } from './finding.ts';
import { instructionAt } from './finish.ts';
import { harmlessWords, isFileReference, isHarmless, isSecretName } from './harmless.ts';
import type { JoinKit } from './join.ts';
import { entryThatSet, joinMetadata, metadataLeftOut, scanMetadata } from './join-metadata.ts';
import { Masker } from './mask.ts';
import { mask } from './mask-text.ts';
import type { MetadataString } from './metadata-strings.ts';
import { secretTexts } from './secret-texts.ts';
import { countSuppressed, demotePublic, isAskedFor, suppressionOf } from './triage.ts';

/** Verdicts, worst first. */
export const envVerdicts: readonly EnvVerdict[] = [
  'secret',
  'suspicious',
  'placeholder',
  'empty',
  'reference',
  'public',
];

/** Nothing of metadata comes from a cache. */
type ClearDraft = Draft<string>;

interface Context {
  readonly kit: JoinKit;
  readonly history: readonly HistoryEntry[];
  readonly masker: Masker;
}

/** An audited image, and how many findings in it the user suppressed. */
export interface AuditedImage {
  readonly report: EnvImageReport;
  readonly suppressed: Suppressed;
}

/** Audits one image's metadata. */
export async function auditEnv(record: ImageRecord, kit: JoinKit): Promise<AuditedImage> {
  const { config } = record;
  const scanned = await scanMetadata(record, kit.matchTexts);
  const asked = demotePublic(joinMetadata(config, scanned, kit.rules), kit.knownPublic).filter(({ match }) =>
    isAskedFor(match, kit.filter),
  );
  const reasons = asked.map(({ match }) => suppressionOf(match, kit.filter));
  const drafts = asked.filter((_, index) => reasons[index] === undefined);
  const context: Context = {
    kit,
    history: config.history ?? [],
    masker: new Masker(secretTexts(scanned)),
  };
  const left = new Set(drafts);
  const entries: EnvEntry[] = [];
  for (const { string } of scanned) {
    const own = bestOfEachSecret(drafts.filter((draft) => isOf(draft, string)));
    // Instructions repeat what the fields say; of the history only arguments, and what a rule found, stand by themselves.
    const listed = own.length === 0 ? !isRepeated(string) : own.some((draft) => left.has(draft));
    for (const draft of drafts) if (isOf(draft, string)) left.delete(draft);
    if (!listed) continue;
    for (const draft of own.length === 0 ? [undefined] : own) entries.push(await entryOf(string, draft, context));
  }
  for (const draft of left) {
    const string: MetadataString = {
      kind: draft.location.kind,
      value: draft.match.secret,
      ...(draft.location.name === undefined ? {} : { name: draft.location.name }),
    };
    entries.push(await entryOf(string, draft, context));
  }
  const report: EnvImageReport = {
    reference: record.reference,
    source: record.source,
    platform: record.platform,
    ...(record.manifestDigest === undefined ? {} : { manifestDigest: record.manifestDigest }),
    ...(record.configDigest === undefined ? {} : { configDigest: record.configDigest }),
    repoTags: record.repoTags,
    entries: dedupe(entries).sort((a, b) => envVerdicts.indexOf(a.verdict) - envVerdicts.indexOf(b.verdict)),
    diagnostics: [...record.diagnostics, ...metadataLeftOut(scanned, context.masker)],
  };
  return { report, suppressed: countSuppressed(reasons) };
}

/** Whether a match was made in this string: instructions have no names, their place in the history tells them apart. */
function isOf({ location, historyIndex }: ClearDraft, string: MetadataString): boolean {
  if (location.kind !== string.kind || location.name !== string.name) return false;
  return string.name !== undefined || string.historyIndex === undefined || historyIndex === string.historyIndex;
}

/** Of the rules that found the same secret the surest. */
function bestOfEachSecret(drafts: readonly ClearDraft[]): ClearDraft[] {
  const best = new Map<string, ClearDraft>();
  for (const draft of drafts) {
    const known = best.get(draft.match.secret);
    if (known === undefined || rankOf(draft.match.confidence) > rankOf(known.match.confidence))
      best.set(draft.match.secret, draft);
  }
  return [...best.values()];
}

/** Annotations that builders and registries write for each other. */
const plumbing =
  /^(vnd\.docker\.reference\.(type|digest)|in-toto\.io\/predicate-type|buildkit\/createdat|containerd\.io\/uncompressed|io\.containers\.zstd-chunked\..*)$/;

/** Strings that say again what others do, or of which there are thousands. */
function isRepeated({ kind, name, historyIndex }: MetadataString): boolean {
  if (kind === 'annotation') return plumbing.test(name ?? '');
  if (kind === 'attestation') return !/ build-arg:[^ ]*$/.test(name ?? '');
  return kind === 'config' || (historyIndex !== undefined && name === undefined);
}

async function entryOf(string: MetadataString, draft: ClearDraft | undefined, context: Context): Promise<EnvEntry> {
  const { verdict, reason } = judge(string, draft, context.kit);
  const set = draft?.historyIndex ?? string.historyIndex ?? entryThatSet(string, context.history);
  const instruction = instructionAt(set, context);
  return {
    kind: string.kind,
    ...(string.name === undefined ? {} : { name: context.masker.applyToName(string.name) }),
    value: shown(string, verdict, draft, context),
    verdict,
    reason,
    ...(await ruleFields(draft, context.kit)),
    ...(instruction === undefined ? {} : { instruction }),
  };
}

function judge(
  string: MetadataString,
  draft: ClearDraft | undefined,
  kit: JoinKit,
): { verdict: EnvVerdict; reason: string } {
  if (draft !== undefined) {
    const { title } = kit.rules.get(draft.match.rule)!.detector;
    const sure = rankOf(draft.match.confidence) >= rankOf(kit.filter.minConfidence);
    return { verdict: sure ? 'secret' : 'suspicious', reason: sure ? title : `may be one: ${title}` };
  }
  if (string.value.trim() === '') return { verdict: 'empty', reason: 'no value' };
  if (isFileReference(string.name, string.value))
    return { verdict: 'reference', reason: 'names where the secret lies' };
  const suspicious = string.name !== undefined && isSecretName(string.name);
  if (suspicious && isPlaceholder(string.value)) return { verdict: 'placeholder', reason: 'stands for a value' };
  if (suspicious) return { verdict: 'suspicious', reason: 'its name says it is a secret; no rule knows the value' };
  return { verdict: 'public', reason: 'nothing secret in name or value' };
}

function shown(string: MetadataString, verdict: EnvVerdict, draft: ClearDraft | undefined, context: Context): string {
  if (verdict === 'secret' && context.kit.showSecrets) return draft!.match.secret;
  if (draft !== undefined) return mask(draft.match.secret);
  if (verdict === 'empty') return '';
  if (verdict === 'placeholder' || verdict === 'reference') return context.masker.apply(string.value);
  if (verdict === 'suspicious') return mask(string.value);
  const isCommand = string.name === undefined;
  if (isCommand) return context.masker.apply(harmlessWords(string.value));
  return isHarmless(string.name, string.value) ? context.masker.apply(string.value) : mask(string.value);
}

async function ruleFields(draft: ClearDraft | undefined, kit: JoinKit): Promise<Partial<EnvEntry>> {
  if (draft === undefined) return {};
  const { detector, provider }: KnownRule = kit.rules.get(draft.match.rule)!;
  const { summary, url } = provider.rotation;
  return {
    rule: detector.id,
    provider: provider.id,
    title: detector.title,
    severity: detector.severity,
    confidence: draft.match.confidence,
    fingerprint: await kit.fingerprinter.fingerprint(draft.match.secret),
    remediation: { summary, ...(url === undefined ? {} : { url }) },
  };
}

/** A build argument stands in every later RUN: the same name and value are one entry. */
function dedupe(entries: readonly EnvEntry[]): EnvEntry[] {
  const seen = new Set<string>();
  return entries.filter((entry) => {
    const key = JSON.stringify([
      entry.kind === 'history' ? 'arg' : entry.kind,
      entry.name,
      entry.value,
      entry.verdict,
      entry.fingerprint,
    ]);
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}
