/** The colours of app/index.css against each other, by WCAG 2.2 AA: 4.5 for text (1.4.3), 3 for what is drawn (1.4.11). */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";

const css = readFileSync("src/app/index.css", "utf8");

function tokens(selector: string): Record<string, string> {
  const from = css.indexOf(`${selector} {`);
  const block = css.slice(from, css.indexOf("}", from));
  return Object.fromEntries([...block.matchAll(/--([\w-]+):\s*(#[0-9a-f]{6})\b/g)].map((match) => [match[1] ?? "", match[2] ?? ""]));
}

const light = tokens(":root");
const themes = { light, dark: { ...light, ...tokens(':root[data-theme="dark"]') } };

function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const channel = parseInt(hex.slice(at, at + 2), 16) / 255;
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [x, y] = [luminance(a), luminance(b)];
  return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05);
}

const SURFACES = ["bg", "panel", "raised"];
const TEXT = ["fg", "muted", "faint", "accent", "amber", "red", "green"];
/** Text on a tint of its own; and on a filled button. */
const ON_TINT: [string, string][] = [
  ["accent", "accent-soft"],
  ["amber", "amber-soft"],
  ["red", "red-soft"],
  ["fg", "accent-soft"],
  ["fg", "amber-soft"],
  ["fg", "red-soft"],
  ["panel", "accent"],
];
/** Fills of bars and dots, lines of charts, borders of fields, the ring around what has the focus (accent). */
const FILLS = ["accent", "amber-mark", "green-mark", "red", "rest"];
const LINES = Object.keys(light).filter((name) => /^c\d+$/.test(name));

describe.each(Object.entries(themes))("the %s theme", (_, theme) => {
  const between = (a: string, b: string) => Math.round(contrast(theme[a] ?? "", theme[b] ?? "") * 100) / 100;
  const tooLittle = (pairs: [string, string][], least: number) =>
    pairs.filter(([a, b]) => !(between(a, b) >= least)).map(([a, b]) => `${a} on ${b}: ${between(a, b)}, should be ${least}`);
  const all = (names: string[], on: string[]) => names.flatMap((name) => on.map((surface): [string, string] => [name, surface]));

  test("text is legible on every surface", () => {
    expect(tooLittle(all(TEXT, SURFACES), 4.5)).toEqual([]);
    expect(tooLittle(ON_TINT, 4.5)).toEqual([]);
  });

  test("fills stand out from their track and from the surfaces", () => {
    expect(tooLittle(all(FILLS, [...SURFACES, "track"]), 3)).toEqual([]);
  });

  test("lines of charts, and the edges of fields, are seen", () => {
    expect(LINES.length).toBeGreaterThanOrEqual(8);
    expect(tooLittle(all(LINES, ["panel", "bg"]), 3)).toEqual([]);
    expect(tooLittle(all(["field-line"], ["bg", "panel"]), 3)).toEqual([]);
  });

  test("every token is a colour in it, and none is forgotten here", () => {
    const checked = [...SURFACES, ...TEXT, ...FILLS, ...LINES, ...ON_TINT.flat(), "track", "field-line"];
    // Hairlines between things that stand apart anyway, and the grid behind curves, carry no meaning.
    const decoration = ["line", "line-strong", "grid"];
    expect(Object.keys(theme).filter((name) => !checked.includes(name) && !decoration.includes(name))).toEqual([]);
    expect(Object.values(theme).every((value) => /^#[0-9a-f]{6}$/.test(value))).toBe(true);
  });
});

test("every colour of the light theme has its dark counterpart", () => {
  expect(Object.keys(light).filter((name) => !(name in tokens(':root[data-theme="dark"]')))).toEqual([]);
});

test("the contrast of black and white is 21", () => {
  expect(contrast("#000000", "#ffffff")).toBeCloseTo(21);
  expect(contrast("#777777", "#ffffff")).toBeCloseTo(4.48, 2);
});
