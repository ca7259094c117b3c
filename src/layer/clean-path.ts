/**
 * Paths as tars and zips write them, made comparable: no leading slash, no `.`, no `..` that leads out of the root, no
 * doubled or trailing slash. As a container runtime resolves them, `a/../b` is `b`. Windows layers' `Files/` and `Hives/` stay.
 */

/** The cleaned path; empty for the root itself. */
export function cleanPath(path: string): string {
  if (!/^[./]|\/[./]|\/$/.test(path)) return path;
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return parts.join('/');
}
