/** The times that the page can show. */
export const RANGES = [
  { value: "live", word: "15 min", long: "the last 15 minutes", seconds: null },
  { value: "1h", word: "1 h", long: "the last hour", seconds: 3600 },
  { value: "6h", word: "6 h", long: "the last 6 hours", seconds: 21_600 },
  { value: "24h", word: "24 h", long: "the last 24 hours", seconds: 86_400 },
  { value: "7d", word: "7 d", long: "the last 7 days", seconds: 604_800 },
  { value: "30d", word: "30 d", long: "the last 30 days", seconds: 2_592_000 },
] as const;

export type Range = (typeof RANGES)[number];

/** What the address says, or the live one. */
export function rangeOf(value: string): Range {
  return RANGES.find((range) => range.value === value) ?? RANGES[0];
}
