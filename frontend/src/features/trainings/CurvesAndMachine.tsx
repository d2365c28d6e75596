/** The curves, and beneath them the machine in the same time: one cursor, one zoom. */
import { useCallback, useMemo } from "react";
import { useRunStore } from "@/hooks/useRun";
import { useTrainings } from "@/hooks/useStores";
import type { Span } from "@/lib/chart/axes";
import { fromAxis, toAxis } from "@/lib/chart/zoom";
import { isActive } from "@/lib/jobWords";
import { runMarks } from "@/lib/runMarks";
import type { Operation } from "@/lib/types/job";
import { trainingsStore, type KnownTraining } from "@/stores/trainingsStore";
import { ResourcesPanel } from "./ResourcesPanel";
import { TrainingCharts } from "./TrainingCharts";
import { useCurves } from "./useCurves";

interface Props {
  training: KnownTraining;
  usage: Operation["usage"];
}

const GROUP = "training";

function iso(seconds: number): string | null {
  return Number.isFinite(seconds) ? new Date(seconds * 1000).toISOString() : null;
}

export function CurvesAndMachine({ training, usage }: Props) {
  const { id } = training;
  const curves = useCurves(id, training.started_at);
  const load = useTrainings((state) => state.curvesLoad[id] ?? "loading");
  const error = useTrainings((state) => state.curvesError[id] ?? null);
  const checkpoints = useTrainings((state) => state.checkpoints[id]);
  const events = useRunStore((state) => state.events[id]);
  const { xBy, start, rule, zoom, setZoom } = curves;
  const marks = useMemo(() => runMarks(events ?? [], checkpoints ?? [], xBy, start, rule), [events, checkpoints, xBy, start, rule]);
  const active = isActive(training.status ?? "");
  const name = training.name ?? id;

  // The machine is drawn over time, whatever the curves are drawn over.
  const machineBy = xBy === "relative" ? "relative" : "wall";
  const [first, last] = [rule.time[0], rule.time[rule.time.length - 1]];
  const whole = useMemo((): Span | null => {
    if (first === undefined || last === undefined || last <= first) return null;
    return machineBy === "relative" ? [first - start, last - start] : [first, last];
  }, [first, last, machineBy, start]);
  const machineZoom = useMemo(() => toAxis(zoom, machineBy, start, rule) ?? whole, [zoom, machineBy, start, rule, whole]);
  const zoomMachine = useCallback(
    (span: Span | null) => {
      setZoom(fromAxis(span, machineBy, start, rule));
    },
    [setZoom, machineBy, start, rule],
  );
  return (
    <>
      <TrainingCharts
        trainingId={id}
        name={name}
        curves={curves}
        load={load}
        error={error}
        ended={!active}
        begun={training.started_at !== null}
        marks={marks}
        group={GROUP}
        onRetry={() => void trainingsStore.getState().fetchCurves(id)}
      />
      <ResourcesPanel
        trainingId={id}
        name={name}
        jobId={training.job_id ?? null}
        usage={usage}
        from={load === "loading" ? null : iso(start)}
        to={active ? null : (training.finished_at ?? null)}
        start={machineBy === "relative" && Number.isFinite(start) ? start : null}
        zoom={machineZoom}
        onZoom={whole === null ? undefined : zoomMachine}
        group={GROUP}
      />
    </>
  );
}
