/** Numbers and times as people read them. What is not known is an en dash, never 0. */

export const UNKNOWN = "–";
const THIN = "\u202f";

type Maybe = number | null | undefined;

function known(value: Maybe): value is number {
  return value !== null && value !== undefined && Number.isFinite(value);
}

// Made once: toLocaleString makes one for each number, which is what a page of many numbers then does most.
const wholeFormat = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

export function count(value: Maybe): string {
  return known(value) ? wholeFormat.format(Math.round(value)) : UNKNOWN;
}

/** 1.2 k, 3.4 M: where a place is narrow. */
export function compact(value: Maybe): string {
  if (!known(value)) return UNKNOWN;
  const size = Math.abs(value);
  if (size >= 1e9) return `${(value / 1e9).toFixed(size >= 1e10 ? 0 : 1)}${THIN}G`;
  if (size >= 1e6) return `${(value / 1e6).toFixed(size >= 1e7 ? 0 : 1)}${THIN}M`;
  if (size >= 1e4) return `${(value / 1e3).toFixed(size >= 1e5 ? 0 : 1)}${THIN}k`;
  return count(value);
}

export function percent(value: Maybe, digits = 0): string {
  return known(value) ? `${value >= 1000 ? count(value) : value.toFixed(digits)}${THIN}%` : UNKNOWN;
}

/** Progress never rounds up to 100: that word belongs to the server. */
export function progressPercent(value: Maybe): string {
  if (!known(value)) return UNKNOWN;
  if (value >= 100) return `100${THIN}%`;
  return `${(Math.floor(value * 10) / 10).toFixed(1)}${THIN}%`;
}

const BYTE_UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

export function bytes(value: Maybe): string {
  if (!known(value)) return UNKNOWN;
  let size = Math.abs(value);
  let unit = 0;
  while (size >= 1024 && unit < BYTE_UNITS.length - 1) {
    size /= 1024;
    unit += 1;
  }
  const digits = unit === 0 || size >= 100 ? 0 : 1;
  return `${value < 0 ? "-" : ""}${size.toFixed(digits)}${THIN}${BYTE_UNITS[unit] ?? "B"}`;
}

export function byteRate(value: Maybe): string {
  return known(value) ? `${bytes(value)}/s` : UNKNOWN;
}

/** A metric such as a loss: about `digits` significant ones, always as wide for values of one size. */
export function metric(value: Maybe, digits = 4): string {
  if (!known(value)) return UNKNOWN;
  const size = Math.abs(value);
  if (size === 0) return "0";
  if (size >= 1e6 || size < 1e-4) return value.toExponential(Math.max(digits - 2, 1));
  if (size < 1) return value.toFixed(size < 0.001 ? digits + 2 : digits);
  return value.toFixed(Math.max(digits - Math.floor(Math.log10(size)) - 1, 0));
}

export function rate(value: Maybe, unit: string | null | undefined): string {
  if (!known(value)) return UNKNOWN;
  if (unit === "bytes") return byteRate(value);
  const number = value >= 10_000 ? compact(value) : value >= 100 ? count(value) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
  return `${number}${THIN}${unit ?? "units"}/s`;
}

/** "936 / 1,500 steps" */
export function amount(done: Maybe, total: Maybe, unit: string | null | undefined): string {
  if (!known(done)) return UNKNOWN;
  if (unit === "bytes") return known(total) && total > 0 ? `${bytes(done)} / ${bytes(total)}` : bytes(done);
  const of = known(total) && total > 0 ? ` / ${count(total)}` : "";
  return `${count(done)}${of} ${unit ?? "units"}`;
}

export function duration(seconds: Maybe): string {
  if (!known(seconds)) return UNKNOWN;
  const s = Math.max(0, seconds);
  if (s < 10) return `${s.toFixed(1)}${THIN}s`;
  if (s < 60) return `${Math.floor(s)}${THIN}s`;
  const whole = Math.floor(s);
  if (whole < 3600) return `${Math.floor(whole / 60)}${THIN}min ${String(whole % 60).padStart(2, "0")}${THIN}s`;
  if (whole < 172_800) return `${Math.floor(whole / 3600)}${THIN}h ${String(Math.floor((whole % 3600) / 60)).padStart(2, "0")}${THIN}min`;
  return `${Math.floor(whole / 86_400)}${THIN}d ${Math.floor((whole % 86_400) / 3600)}${THIN}h`;
}

/** The one unit that matters: 24 s, 3 min, 5 h. */
function coarse(seconds: number): [number, string] {
  if (seconds < 90) return [Math.round(seconds), "s"];
  if (seconds < 5400) return [Math.round(seconds / 60), "min"];
  if (seconds < 172_800) return [Math.round(seconds / 3600), "h"];
  return [Math.round(seconds / 86_400), "d"];
}

/** "24–29 s left"; one value where both ends round to the same; unknown while it is not stable. */
export function eta(low: Maybe, high: Maybe, middle: Maybe): string {
  const from = known(low) ? low : middle;
  const to = known(high) ? high : middle;
  if (!known(from) || !known(to)) return UNKNOWN;
  const [highValue, unit] = coarse(Math.max(from, to));
  const scale = unit === "s" ? 1 : unit === "min" ? 60 : unit === "h" ? 3600 : 86_400;
  const lowValue = Math.round(Math.min(from, to) / scale);
  if (lowValue === 0 && highValue > 0) return `up to ${highValue}${THIN}${unit} left`;
  return lowValue === highValue ? `${highValue}${THIN}${unit} left` : `${lowValue}–${highValue}${THIN}${unit} left`;
}

/** The age of something, for a place that changes each second. */
export function age(milliseconds: Maybe): string {
  if (!known(milliseconds)) return UNKNOWN;
  const s = Math.max(0, milliseconds) / 1000;
  if (s < 10) return `${s.toFixed(1)}${THIN}s`;
  if (s < 120) return `${Math.round(s)}${THIN}s`;
  if (s < 7200) return `${Math.round(s / 60)}${THIN}min`;
  return `${Math.round(s / 3600)}${THIN}h`;
}

/** A label of an axis whose labels lie `step` apart: just as many digits as tell them apart. */
export function axisNumber(value: number, step: number): string {
  const [scale, letter] = Math.abs(value) >= 1e6 ? [1e6, "M"] : Math.abs(value) >= 1e4 ? [1e3, "k"] : [1, ""];
  let digits = 0;
  // 2.5k apart needs one digit more than 2k apart does.
  for (let unit = step / scale; digits < 6 && Math.abs(unit - Math.round(unit)) > 1e-6 * unit; unit *= 10) digits += 1;
  return `${(value / scale).toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits })}${letter}`;
}

const clockFormat = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const clockSecondsFormat = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const dayFormat = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const fullFormat = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" });

/** "14:02" today, "21 Nov 14:02" otherwise. */
export function time(ts: string | null | undefined, now: number): string {
  if (ts === null || ts === undefined) return UNKNOWN;
  const date = new Date(ts);
  if (Number.isNaN(date.getTime())) return UNKNOWN;
  const sameDay = new Date(now).toDateString() === date.toDateString();
  return sameDay ? clockFormat.format(date) : `${dayFormat.format(date)} ${clockFormat.format(date)}`;
}

export function timeWithSeconds(ts: string): string {
  const date = new Date(ts);
  return Number.isNaN(date.getTime()) ? UNKNOWN : clockSecondsFormat.format(date);
}

/** Labels of a time axis at `seconds` since 1970, `step` apart: with seconds where minutes would not tell them apart, with the day where hours would not. */
export function clockLabels(seconds: readonly number[], step: number): string[] {
  const format = step < 60 ? clockSecondsFormat : clockFormat;
  let day = "";
  return seconds.map((at, i) => {
    const date = new Date(at * 1000);
    const before = day;
    day = dayFormat.format(date);
    return step >= 43_200 || (i > 0 && day !== before) ? day : format.format(date);
  });
}

export function fullTime(ts: string | null | undefined): string {
  if (ts === null || ts === undefined) return UNKNOWN;
  const date = new Date(ts);
  return Number.isNaN(date.getTime()) ? UNKNOWN : fullFormat.format(date);
}

/** "3 h": a time that is only roughly known. */
export function roughly(seconds: Maybe): string {
  if (!known(seconds)) return UNKNOWN;
  const [value, unit] = coarse(Math.max(0, seconds));
  return `${value}${THIN}${unit}`;
}
