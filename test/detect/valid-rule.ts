/** A rule file without a mistake, for tests that make one. */

const fields: Readonly<Record<string, string>> = {
  id: 'id: acme',
  name: 'name: Acme',
  about: 'about: Acme sends mail.',
  url: 'url: https://docs.invalid/',
  categories: 'categories: [email]',
  rotate:
    'rotate:\n  summary: Settings\n  opens: Mail.\n  abuse: [Reports]\n  steps: [Make a new one]\n  breaks: Mail.',
};

const detectorFields: Readonly<Record<string, string>> = {
  id: 'id: acme-key',
  title: 'title: Acme key',
  severity: 'severity: high',
  confidence: 'confidence: high',
  at: 'at: token',
  anchors: 'anchors: [acme_]',
  pattern: "pattern: 'acme_[0-9a-f]{32}'",
  examples: "examples: [{ text: 'K={{ac~~me_7d8ec068f454e349e5fdfcd005afe290}}' }]",
  counterExamples: 'counterExamples: [acme_short]',
};

/** The file's text, without one of its fields, or with lines that replace a field of its detector. */
export function validRule(changes: { readonly without?: string; readonly detector?: string } = {}): string {
  const replaced = changes.detector?.trim().split(':')[0];
  const provider = Object.entries(fields).filter(([key]) => key !== changes.without);
  const lines = Object.entries(detectorFields)
    .filter(([key]) => key !== replaced)
    .map(([, line]) => line);
  if (changes.detector !== undefined) lines.push(changes.detector.trim());
  const detectors = changes.without === 'detectors' ? [] : ['detectors:', `  - ${lines.join('\n    ')}`];
  return [...provider.map(([, line]) => line), ...detectors].join('\n');
}
