/** The area between a line's lowest and highest values. */
import { isKnown, type Values } from "./values";

export interface Band {
  low: Values;
  high: Values;
}

type Corner = [x: number, value: number];

/** One polygon for each stretch without a gap. On a logarithmic axis what lies below 0 is cut at the stretch's lowest drawn value. */
export function bandPolygons(x: ArrayLike<number>, band: Band, log: boolean): Corner[][] {
  const polygons: Corner[][] = [];
  let low: Corner[] = [];
  let high: Corner[] = [];
  const close = () => {
    if (high.length > 1) polygons.push([...high, ...low.reverse()]);
    low = [];
    high = [];
  };
  for (let i = 0; i < x.length; i += 1) {
    const at = x[i];
    const bottom = band.low[i];
    const top = band.high[i];
    if (bottom === undefined || top === undefined || at === undefined) continue;
    if (!isKnown(bottom) || !isKnown(top) || !Number.isFinite(bottom) || !Number.isFinite(top) || (log && top <= 0)) {
      close();
      continue;
    }
    high.push([at, top]);
    low.push([at, log && bottom <= 0 ? top : bottom]);
  }
  close();
  return polygons;
}
