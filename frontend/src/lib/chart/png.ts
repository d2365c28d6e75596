/** A chart as a picture of its own: what is drawn, with its title and the names of its lines above, on the page's ground. */
import type uPlot from "uplot";
import { cssColor } from "./draw";

const HEAD = 34;
const SIDE = 14;

export interface PictureWords {
  title: string;
  lines: readonly { label: string; color: string }[];
}

export function picture(plot: uPlot, { title, lines }: PictureWords): HTMLCanvasElement {
  const source = plot.ctx.canvas;
  const ratio = source.width / plot.width;
  const canvas = document.createElement("canvas");
  canvas.width = source.width + 2 * SIDE * ratio;
  canvas.height = source.height + (HEAD + SIDE) * ratio;
  const ctx = canvas.getContext("2d");
  if (ctx === null) return canvas;
  const family = getComputedStyle(document.body).fontFamily;
  ctx.fillStyle = cssColor("--panel");
  ctx.fillRect(0, 0, canvas.width, canvas.height);
  ctx.scale(ratio, ratio);
  ctx.textBaseline = "middle";
  ctx.fillStyle = cssColor("--fg");
  ctx.font = `600 13px ${family}`;
  ctx.fillText(title, SIDE, HEAD / 2);
  let left = SIDE + ctx.measureText(title).width + 16;
  ctx.font = `12px ${family}`;
  for (const { label, color } of lines) {
    if (label === "") continue;
    ctx.fillStyle = cssColor(color);
    ctx.fillRect(left, HEAD / 2 - 1, 10, 2);
    ctx.fillStyle = cssColor("--muted");
    ctx.fillText(label, left + 15, HEAD / 2);
    left += 15 + ctx.measureText(label).width + 14;
  }
  ctx.drawImage(source, SIDE, HEAD, plot.width, source.height / ratio);
  return canvas;
}
