/**
 * What to do about a leaked secret of a provider, as text to read in a terminal: what it opens, where to look
 * for abuse, how to replace it, what breaks. The order is that of an incident: judge it, replace it, check.
 */

import type { Detector, Provider } from '../detect/rule.ts';
import { painter, severityFormat } from '../report/paint.ts';
import { oneLine } from '../report/printable.ts';
import { hang, wrap } from '../report/wrap.ts';

/** How the text is set. */
export interface ExplainOptions {
  readonly width: number;
  readonly color: boolean;
  /** The detector that was asked for: it is marked. */
  readonly detector?: string;
}

/** Lines longer than this are hard to read, however wide the terminal is. */
const longestLine = 100;

/** Everything known on a provider's secrets; ends in a newline. */
export function explainProvider(provider: Provider, options: ExplainOptions): string {
  const width = Math.min(Math.max(options.width, 40), longestLine);
  const paint = painter(options.color);
  const { rotation } = provider;
  const heading = (text: string): string => paint('bold', text);
  const paragraph = (text: string): string[] => wrap(oneLine(text), width - 2).map((line) => `  ${line}`);
  const items = (texts: readonly string[], mark: (index: number) => string): string[] =>
    texts.flatMap((text, index) => hang(`  ${mark(index)} `, oneLine(text), width));
  const numberWidth = String(rotation.steps.length).length;
  const links = [...new Set([rotation.url, provider.url].filter((url) => url !== undefined && url !== ''))];
  const sections: string[][] = [
    [paint(['bold', 'underline'], oneLine(provider.name)), ...wrap(oneLine(provider.about), width)],
    [heading('What it opens'), ...paragraph(rotation.opens)],
    [heading('Where to look for abuse'), ...items(rotation.abuse, () => '•')],
    [heading('How to replace it'), ...items(rotation.steps, (index) => `${String(index + 1).padStart(numberWidth)}.`)],
    [heading('What breaks'), ...paragraph(rotation.breaks)],
    [
      heading('What is found'),
      ...provider.detectors.flatMap((detector) => detectorLines(detector, detector.id === options.detector)),
    ],
    // Not wrapped: a link is to be clicked or copied.
    [heading('Links'), ...links.map((url) => `  ${oneLine(url ?? '')}`)],
  ];
  return `${sections
    .filter((lines) => lines.length > 1)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;

  function detectorLines({ id, title, severity, confidence }: Detector, asked: boolean): string[] {
    const [first = '', ...rest] = hang(asked ? '  → ' : '    ', `${oneLine(title)} (${oneLine(id)})`, width);
    const facts = `      ${paint(severityFormat[severity], severity)}, ${confidence} confidence`;
    return [asked ? heading(first) : first, ...rest, facts];
  }
}
