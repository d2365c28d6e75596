/** What a chart draws beside its lines: bands, vertical marks, and where a value couldn't be drawn. */
import type uPlot from "uplot";
import { MARK_LOOK, visibleMarks, type ChartMark } from "./marks";
import { bandPolygons, type Band } from "./bands";
import { spotsInView, type Spot } from "./unplottable";

const BAND_OPACITY = "26";
const HEAD = 3;

export interface Drawn {
  lines: readonly { color: string; band?: Band | undefined }[];
  /** Of each line what can't be drawn. */
  spots: readonly (readonly Spot[])[];
  marks: readonly ChartMark[];
  log: boolean;
}

export function cssColor(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

export function drawBands(self: uPlot, { lines, log }: Drawn): void {
  const { ctx, bbox } = self;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  for (const line of lines) {
    if (line.band === undefined) continue;
    ctx.fillStyle = `${cssColor(line.color)}${BAND_OPACITY}`;
    const x = self.data[0];
    for (const polygon of bandPolygons(x, line.band, log)) {
      ctx.beginPath();
      polygon.forEach(([at, value], i) => {
        const left = self.valToPos(at, "x", true);
        const top = self.valToPos(value, "y", true);
        if (i === 0) ctx.moveTo(left, top);
        else ctx.lineTo(left, top);
      });
      ctx.closePath();
      ctx.fill();
    }
  }
  ctx.restore();
}

function drawHead(ctx: CanvasRenderingContext2D, head: "dot" | "triangle" | "square", x: number, y: number, size: number): void {
  ctx.beginPath();
  if (head === "dot") ctx.arc(x, y + size, size, 0, 2 * Math.PI);
  else if (head === "square") ctx.rect(x - size, y, 2 * size, 2 * size);
  else {
    ctx.moveTo(x - size, y);
    ctx.lineTo(x + size, y);
    ctx.lineTo(x, y + 2 * size);
    ctx.closePath();
  }
  ctx.fill();
}

export function drawMarks(self: uPlot, { marks }: Drawn): void {
  const { ctx, bbox } = self;
  const { min, max } = self.scales["x"] ?? {};
  if (marks.length === 0 || typeof min !== "number" || typeof max !== "number") return;
  const ratio = devicePixelRatio;
  ctx.save();
  ctx.lineWidth = ratio;
  for (const { mark, at, alone } of visibleMarks(marks, min, max, (x) => self.valToPos(x, "x", true), ratio)) {
    const look = MARK_LOOK[mark.kind];
    const color = cssColor(look.color);
    ctx.strokeStyle = `${color}90`;
    ctx.fillStyle = color;
    if (alone) {
      ctx.setLineDash(look.dash.map((each) => each * ratio));
      ctx.beginPath();
      ctx.moveTo(at, bbox.top);
      ctx.lineTo(at, bbox.top + bbox.height);
      ctx.stroke();
    }
    drawHead(ctx, look.head, at, bbox.top, HEAD * ratio);
  }
  ctx.restore();
}

/** A small sign at the edge where a value is infinite, missing, or (on a logarithmic axis) not above 0. */
export function drawUnplottable(self: uPlot, { lines, spots }: Drawn): void {
  const { ctx, bbox } = self;
  const { min, max } = self.scales["x"] ?? {};
  if (typeof min !== "number" || typeof max !== "number") return;
  const size = HEAD * devicePixelRatio;
  const toPixel = (x: number) => self.valToPos(x, "x", true);
  ctx.save();
  ctx.lineWidth = 1.5 * devicePixelRatio;
  lines.forEach((line, l) => {
    const own = spots[l] ?? [];
    if (own.length === 0) return;
    const color = cssColor(line.color);
    ctx.strokeStyle = color;
    ctx.fillStyle = color;
    for (const { at, what } of spotsInView(own, min, max, toPixel)) {
      const bottom = bbox.top + bbox.height;
      ctx.beginPath();
      if (what === "missing") {
        const y = bottom - 2 * size;
        ctx.moveTo(at - size, y - size);
        ctx.lineTo(at + size, y + size);
        ctx.moveTo(at + size, y - size);
        ctx.lineTo(at - size, y + size);
        ctx.stroke();
      } else {
        const up = what === "+inf";
        const edge = up ? bbox.top : bottom;
        const base = up ? edge + 2 * size : edge - 2 * size;
        ctx.moveTo(at - size, base);
        ctx.lineTo(at + size, base);
        ctx.lineTo(at, edge);
        ctx.closePath();
        ctx.fill();
      }
    }
  });
  ctx.restore();
}
