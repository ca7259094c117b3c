/** What somebody may have meant: names close to one that does not exist, for the hint of a usage error. */

/** Up to three of the names, the closest first: few letters apart, or one the beginning of the other. */
export function nearNames(name: string, names: Iterable<string>): string[] {
  const wanted = name.toLowerCase().slice(0, 64);
  const most = Math.max(1, Math.floor(wanted.length / 3));
  return [...new Set(names)]
    .map((candidate) => ({ candidate, distance: distanceOf(wanted, candidate.toLowerCase()) }))
    .filter(({ distance }) => distance <= most)
    .sort((a, b) => a.distance - b.distance || (a.candidate < b.candidate ? -1 : 1))
    .slice(0, 3)
    .map(({ candidate }) => candidate);
}

/** `Did you mean a, b or c?`, or undefined where nothing is near. */
export function didYouMean(name: string, names: Iterable<string>): string | undefined {
  const near = nearNames(name, names);
  if (near.length === 0) return undefined;
  const last = near.pop();
  return `Did you mean ${near.length === 0 ? last : `${near.join(', ')} or ${last}`}?`;
}

function distanceOf(a: string, b: string): number {
  // A name typed in part is near however much is missing.
  if (a.length >= 3 && b.startsWith(a)) return 1;
  return editDistance(a, b);
}

/** Letters to insert, delete, replace or swap with their neighbour (Damerau, adjacent). */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        cost = Math.min(cost, beforeLast[j - 2]! + 1);
      row.push(cost);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length]!;
}
