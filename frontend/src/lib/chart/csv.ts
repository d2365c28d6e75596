/** RFC 4180: what a chart shows, for a spreadsheet. What isn't known is empty. */
export type Cell = number | string | null | undefined;

function cell(value: Cell): string {
  if (value === null || value === undefined || (typeof value === "number" && Number.isNaN(value))) return "";
  if (typeof value === "number") return Number.isFinite(value) ? String(value) : value > 0 ? "inf" : "-inf";
  return /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}

export function toCsv(rows: readonly (readonly Cell[])[]): string {
  return rows.map((row) => `${row.map(cell).join(",")}\r\n`).join("");
}

/** A file's name of words: no sign that any file system minds. */
export function fileName(...words: string[]): string {
  const name = words.join(" ").normalize("NFKC").replace(/[^\p{L}\p{N}._-]+/gu, "-").replace(/^[-.]+|[-.]+$/g, "");
  return name === "" ? "chart" : name.slice(0, 100);
}
