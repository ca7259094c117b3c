/** Numbers as people read them: counts with separators, bytes in powers of a thousand, durations. */

const counts = new Intl.NumberFormat('en-US');

/** `96,685` */
export function formatCount(value: number): string {
  return counts.format(value);
}

/** `1 layer`, `39 layers`; `plural` where an `s` does not do. */
export function formatNumber(value: number, noun: string, plural = `${noun}s`): string {
  return `${formatCount(value)} ${value === 1 ? noun : plural}`;
}

/** `512 B`, `2.0 GB` */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
  let value = bytes;
  let unit = 0;
  // 999.5 is where rounding would write 1000.
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit > 0 && value < 9.95 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

/** `80 ms`, `4.1 s`, `3 min 5 s` */
export function formatDuration(ms: number): string {
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  return `${formatCount(Math.floor(seconds / 60))} min ${seconds % 60} s`;
}
