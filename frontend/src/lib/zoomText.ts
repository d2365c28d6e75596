import type { Span } from "@/lib/chart/axes";

/** "from~to" of the address; null: all. */
export function readZoom(text: string): Span | null {
  const [from, to] = text.split("~").map(Number);
  return from !== undefined && to !== undefined && Number.isFinite(from) && Number.isFinite(to) && to > from ? [from, to] : null;
}

/** Five digits within the span are finer than a screen. */
export function writeZoom(span: Span | null): string {
  if (span === null) return "";
  const digits = Math.max(0, 5 - Math.floor(Math.log10(span[1] - span[0])));
  return span.map((each) => String(Number(each.toFixed(Math.min(digits, 12))))).join("~");
}
