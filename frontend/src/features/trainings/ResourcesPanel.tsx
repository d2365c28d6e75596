/** The machine while the training ran, and what of it the job used. The charts stand under the curves' and share their cursor and zoom. */
import { useMemo } from "react";
import { Chart } from "@/components/Chart";
import { ErrorNote } from "@/components/States";
import { useMachine, useRunStore } from "@/hooks/useRun";
import type { Span } from "@/lib/chart/axes";
import * as f from "@/lib/format";
import { machineCharts } from "@/lib/machineCharts";
import type { Operation } from "@/lib/types/job";
import { joinedUsage } from "@/lib/usageSeries";
import { JobUsageNote } from "./JobUsageNote";
import { UsageCharts, UsageStats } from "./JobUsage";

interface Props {
  trainingId: string;
  name: string;
  jobId: string | null;
  usage: Operation["usage"];
  /** When the run began, null: it hasn't, and when it ended. */
  from: string | null;
  to: string | null;
  /** The x axis counts from here, Unix seconds; null: it shows the clock. */
  start: number | null;
  zoom: Span | null;
  onZoom: ((zoom: Span | null) => void) | undefined;
  group: string;
}

export function ResourcesPanel({ trainingId, name, jobId, usage, from, to, start, zoom, onZoom, group }: Props) {
  useMachine(trainingId, jobId, from, to);
  const machine = useRunStore((state) => state.machine[trainingId]);
  const error = useRunStore((state) => state.machineError[trainingId] ?? null);
  const means = useRunStore((state) => (jobId === null ? undefined : state.usageMeans[jobId]));
  const readings = useRunStore((state) => (jobId === null ? undefined : state.usage[jobId]));
  const series = useMemo(() => joinedUsage(means, readings), [means, readings]);
  const drawn = useMemo(() => (machine === undefined ? null : machineCharts(machine.history)), [machine]);
  const x = useMemo(() => (drawn === null ? new Float64Array(0) : start === null ? drawn.x : drawn.x.map((at) => at - start)), [drawn, start]);
  const items = machine?.history.items.length ?? 0;
  const measured = series?.lines.some((values) => values.filter((value) => value !== null).length > 1) === true;
  return (
    <section aria-label="Resources" className="panel px-4 pt-3 pb-4" data-testid="resources">
      <header className="mb-3 flex flex-wrap items-baseline gap-x-3 gap-y-1">
        <h2 className="text-sm font-semibold">Resources</h2>
        <span className="text-xs text-muted">
          {from === null
            ? "It hasn't started."
            : machine !== undefined && items > 0
              ? `${machine.host === null ? "The server's machine" : `The machine it ${to === null ? "runs" : "ran"} on`}, ${machine.history.host}: the mean of ${f.duration(machine.history.resolution_seconds)} each, and its lowest and highest reading.`
              : ""}
        </span>
      </header>
      <UsageStats usage={usage} />
      {error !== null && (
        <div className="mt-3">
          <ErrorNote>What the machine did can't be read: {error}</ErrorNote>
        </div>
      )}
      {machine !== undefined && items === 0 && error === null && (
        <p className="mt-3 text-sm text-muted">
          Nothing is kept of {machine.host === null ? "the machine" : machine.host} in that time: readings are kept for 30 days, and only while the server runs and hears of it.
        </p>
      )}
      {measured && <JobUsageNote means={means} readings={readings} />}
      <div className="mt-3 grid gap-x-8 gap-y-4 lg:grid-cols-2">
        {measured && <UsageCharts series={series} group={group} start={start} exportAs={name} />}
        {items > 0 &&
          drawn?.charts.map((chart) => (
            <Chart
              key={chart.key}
              title={chart.title}
              x={x}
              clock={drawn.x}
              lines={chart.lines}
              xKind={start === null ? "time" : "duration"}
              format={chart.format}
              axis={chart.axis}
              range={chart.range}
              group={group}
              exportAs={name}
              testId={`machine-${chart.key}`}
              {...(onZoom === undefined ? {} : { zoom, onZoom })}
            />
          ))}
      </div>
    </section>
  );
}
