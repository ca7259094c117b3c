/** Tells the two kinds of rule files apart without a parser of either. */

/** Whether a rule file is TOML: by its name, or where that says nothing, by its first line. */
export function isToml(file: string, text: string): boolean {
  if (/\.toml$/i.test(file)) return true;
  if (/\.(?:ya?ml|json)$/i.test(file)) return false;
  const first = text.split('\n').find((line) => /^\s*[^\s#]/.test(line)) ?? '';
  return /^\s*(?:\[\[?\s*[\w."-]+\s*\]\]?|[\w."-]+\s*=)/.test(first);
}
