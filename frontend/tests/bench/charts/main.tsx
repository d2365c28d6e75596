/** An overlay of many long runs, as a page would draw it: what bench/dashboard-charts.md measures. Panning is driven by `window.pan`. */
import { useEffect, useMemo, useState } from "react";
import { createRoot } from "react-dom/client";
import { Chart } from "@/components/Chart";
import "@/app/index.css";
import { api } from "@/lib/api";
import type { Span } from "@/lib/chart/axes";
import { curvesFromColumns, type Curve } from "@/lib/chart/curves";
import { joinSeries } from "@/lib/chart/join";
import { metric } from "@/lib/format";

declare global {
  interface Window {
    bench: {
      /** ms since the page was asked for. */
      read: number | null;
      points: number;
      setZoom: ((zoom: Span | null) => void) | null;
      pan: (from: Span, frames: number, step: number) => Promise<number[]>;
    };
  }
}

const query = new URLSearchParams(window.location.search);
const runs = Number(query.get("runs") ?? 10);
const points = Number(query.get("points") ?? 1500);

const frame = () => new Promise<number>((done) => requestAnimationFrame(done));

window.bench = {
  read: null,
  points: 0,
  setZoom: null,
  /** Moves by `step` each frame; returns the times between frames. */
  pan: async ([from, to], frames, step) => {
    const times: number[] = [];
    let last = await frame();
    for (let i = 0; i < frames; i += 1) {
      window.bench.setZoom?.([from + i * step, to + i * step]);
      const now = await frame();
      times.push(now - last);
      last = now;
    }
    return times;
  },
};

async function read(part: { fromStep?: number; toStep?: number }): Promise<Curve[]> {
  const all = await Promise.all(Array.from({ length: runs }, (_, i) => api.trainingColumns(`trn_curve_${i}`, part, points)));
  return all.map((columns) => curvesFromColumns(columns).layers["all"] ?? { step: [], time: [], values: {} });
}

function Overlay() {
  const [curves, setCurves] = useState<Curve[]>([]);
  const [zoom, setZoom] = useState<Span | null>(null);
  useEffect(() => {
    window.bench.setZoom = setZoom;
    void read({}).then((told) => {
      window.bench.read = performance.now();
      window.bench.points = told.reduce((sum, { step }) => sum + step.length, 0);
      setCurves(told);
    });
  }, []);
  const joined = useMemo(() => joinSeries(curves.map((curve) => ({ x: curve.step, lines: [curve.values["loss"] ?? []] }))), [curves]);
  const lines = useMemo(
    () => curves.map((_, i) => ({ label: `run ${i + 1}`, color: `--c${1 + (i % 8)}`, values: joined.runs[i]?.[0] ?? [] })),
    [curves, joined],
  );
  return <Chart title="Loss" x={joined.x} lines={lines} xKind="step" format={(value) => metric(value)} height={420} zoom={zoom} onZoom={setZoom} testId="overlay" />;
}

createRoot(document.getElementById("root") ?? document.body).render(<Overlay />);
