// Numbers for people, the same in the page and on the terminal.

/** A score as a percentage with one digit: 97.3 %. */
export function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

/** 0.9731 as 0.973. */
export function score(value: number | null): string {
  return value === null ? '–' : value.toFixed(3);
}

/** 83 as 1 min 23 s. */
export function duration(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3_600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3_600)} h ${Math.round((whole % 3_600) / 60)} min`;
}

/** 12345 as 12,345. */
export function count(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

/** Bytes as MB or GB (powers of 1,000). */
export function bytes(value: number): string {
  return value < 1e9 ? `${(value / 1e6).toFixed(0)} MB` : `${(value / 1e9).toFixed(2)} GB`;
}
