/** What the curves' charts show: chosen in the address, read from the store, refined where it is zoomed into. */
import { useCallback, useEffect, useMemo } from "react";
import { useSteady } from "@/hooks/useSteady";
import { useTrainings } from "@/hooks/useStores";
import type { Span } from "@/lib/chart/axes";
import { lastStep, NO_CURVES, refine } from "@/lib/chart/curves";
import { chosenLayers, layersOf } from "@/lib/chart/layers";
import type { Smoothing } from "@/lib/chart/smooth";
import { viewOf, type XBy } from "@/lib/chart/view";
import { fromAxis, readZoom, ruleOf, toAxis, writeZoom } from "@/lib/chart/zoom";
import { useQuery } from "@/lib/router";
import { useSmoothingDefault } from "@/lib/smoothingDefault";
import { trainingsStore } from "@/stores/trainingsStore";

const REDRAW_MS = 250;
const REFINE_AFTER_MS = 150;
/** More is read than is shown, so that moving a little needs no new reading. */
const BESIDE = 0.5;
/** A reading serves for zooms down to this part of it. */
const FINE_ENOUGH = 0.4;

export function readXBy(text: string): XBy {
  return text === "relative" || text === "wall" ? text : "step";
}

export function readStrength(text: string): number {
  const strength = Number(text);
  return strength > 0 && strength < 1 ? strength : 0;
}

export function useCurves(trainingId: string, startedAt: string | null | undefined) {
  const newest = useTrainings((state) => state.curves[trainingId]);
  const detail = useTrainings((state) => state.details[trainingId]);
  const curves = useSteady(newest, REDRAW_MS);
  const [xText, setX] = useQuery("x", "step");
  const [strengthText, setStrength] = useQuery("smooth", String(useSmoothingDefault()));
  const [smoothingText, setSmoothing] = useQuery("weigh", "time-weighted");
  const [layersText, setLayers] = useQuery("layers");
  const [zoomText, setZoomText] = useQuery("zoom");

  const xBy = readXBy(xText);
  const strength = readStrength(strengthText);
  const smoothing: Smoothing = smoothingText === "exponential" ? "exponential" : "time-weighted";
  const zoom = useMemo(() => readZoom(zoomText), [zoomText]);
  const setZoom = useCallback(
    (next: Span | null) => {
      setZoomText(writeZoom(next));
    },
    [setZoomText],
  );

  const run = useMemo(() => {
    if (curves === undefined) return NO_CURVES;
    return detail === undefined || zoom === null ? curves : refine(curves, detail.curves, detail.from, detail.to);
  }, [curves, detail, zoom]);
  const rule = useMemo(() => ruleOf(run), [run]);
  const available = useMemo(() => layersOf(run), [run]);
  const layers = useMemo(() => chosenLayers(layersText, available), [layersText, available]);
  const firstTime = rule.time[0];
  // A job's own clock may be behind the server's: nothing lies before the start.
  const start = Math.min(startedAt === null || startedAt === undefined ? Infinity : Date.parse(startedAt) / 1000, firstTime ?? Infinity);
  const view = useMemo(() => viewOf(run, { xBy, start, layers, strength, smoothing }), [run, xBy, start, layers, strength, smoothing]);

  const readDetail = detail === undefined ? null : `${detail.from}~${detail.to}`;
  useEffect(() => {
    if (zoom === null) {
      if (readDetail !== null) void trainingsStore.getState().fetchDetail(trainingId, null);
      return;
    }
    const [from, to] = zoom;
    const known = readDetail === null ? null : readZoom(readDetail);
    const end = Math.min(to, lastStep(trainingsStore.getState().curves[trainingId] ?? NO_CURVES));
    if (known !== null && known[0] <= from && known[1] >= end && to - from >= FINE_ENOUGH * (known[1] - known[0])) return;
    const beside = (to - from) * BESIDE;
    const timer = setTimeout(() => {
      void trainingsStore.getState().fetchDetail(trainingId, [Math.max(0, Math.floor(from - beside)), Math.ceil(to + beside)]);
    }, REFINE_AFTER_MS);
    return () => {
      clearTimeout(timer);
    };
  }, [trainingId, zoom, readDetail]);

  const axisZoom = useMemo(() => toAxis(zoom, xBy, start, rule), [zoom, xBy, start, rule]);
  const zoomAxis = useCallback(
    (span: Span | null) => {
      setZoom(fromAxis(span, xBy, start, rule));
    },
    [setZoom, xBy, start, rule],
  );
  return {
    loaded: curves !== undefined,
    view,
    rule,
    start,
    available,
    layers,
    setLayers,
    xBy,
    setX,
    strength,
    setStrength,
    smoothing,
    setSmoothing,
    zoom,
    setZoom,
    axisZoom,
    zoomAxis,
  };
}

export type Curves = ReturnType<typeof useCurves>;
