/**
 * Trainings by id, their curves and checkpoints. Live values arrive as events; REST brings the rest and never takes back
 * what an event has told.
 */
import { createStore } from "zustand/vanilla";
import { api, messageOf } from "@/lib/api";
import { isActive } from "@/lib/jobWords";
import { mergeTrainingAnswer, mergeTrainingEvent, type KnownTraining } from "@/lib/mergeTraining";
import { appendRow, emptySeries, thin, type Series } from "@/lib/series";
import type { JobStatus } from "@/lib/types/job";
import type {
  CheckpointCreated,
  TrainingCompleted,
  TrainingFailed,
  TrainingProgress,
  TrainingStatusChanged,
} from "@/lib/types/events";
import type { Checkpoint, MetricRow, Training } from "@/lib/types/training";

export const CURVE_METRICS = ["loss", "l0_sparsity", "explained_variance", "samples_per_second"] as const;
export type CurveMetric = (typeof CURVE_METRICS)[number];

/**
 * One series by step. Its lines are, for each metric in turn, the value over all layers and then that of each layer.
 */
export interface TrainingCurves {
  layers: number[];
  series: Series;
}

type LoadState = "loading" | "ready" | "error";

export type { KnownTraining };

export interface TrainingsState {
  trainings: Record<string, KnownTraining>;
  curves: Record<string, TrainingCurves>;
  curvesLoad: Record<string, LoadState>;
  checkpoints: Record<string, Checkpoint[]>;
  /** A new attempt has begun: its first report may lie before what is known. */
  restarted: Record<string, boolean>;
  errors: Record<string, string>;
  load: LoadState;
  error: string | null;

  fetchTrainings: () => Promise<void>;
  fetchTraining: (trainingId: string) => Promise<void>;
  /** With `onlyNew`, rows after the last known step alone are asked for. */
  fetchCurves: (trainingId: string, onlyNew?: boolean) => Promise<void>;
  fetchCheckpoints: (trainingId: string) => Promise<void>;
  updateTrainingProgress: (payload: TrainingProgress) => void;
  updateTrainingStatus: (payload: TrainingStatusChanged) => void;
  completeTraining: (payload: TrainingCompleted) => void;
  failTraining: (payload: TrainingFailed) => void;
  addCheckpoint: (payload: CheckpointCreated) => void;
}

const MAX_POINTS = 6000;
const THINNED_POINTS = 4000;

export function lineIndex(curves: TrainingCurves, metric: CurveMetric, layer: number | null): number {
  const width = curves.layers.length + 1;
  return CURVE_METRICS.indexOf(metric) * width + (layer === null ? 0 : 1 + curves.layers.indexOf(layer));
}

function emptyCurves(layers: number[]): TrainingCurves {
  return { layers, series: emptySeries(CURVE_METRICS.length * (layers.length + 1)) };
}

function curvesFromRows(rows: MetricRow[], known: readonly number[]): TrainingCurves {
  const layers = [...new Set([...known, ...rows.flatMap((row) => (row.layer_idx === null ? [] : [row.layer_idx]))])];
  layers.sort((a, b) => a - b);
  const curves = emptyCurves(layers);
  const width = curves.series.lines.length;
  for (const row of rows) {
    const values: (number | null)[] = Array.from({ length: width }, () => null);
    for (const name of CURVE_METRICS) {
      const value = row[name] ?? null;
      values[lineIndex(curves, name, row.layer_idx)] = value;
      // A training of one layer may report no rows over all: that layer's is it.
      if (row.layer_idx !== null && layers.length === 1) values[lineIndex(curves, name, null)] = value;
    }
    appendRow(curves.series, row.step, values);
  }
  return curves;
}

/** The step of one layer: events count the steps of all layers together, metric rows each layer's own. */
function stepOfRow(training: KnownTraining | undefined, payload: TrainingProgress): number | null {
  const { current_step: step, total_steps: total } = payload;
  if (step === null) return null;
  const perLayer = training?.params?.["total_steps"];
  if (typeof perLayer !== "number" || perLayer <= 0 || total === null) return step;
  const factor = Math.round(total / perLayer);
  return factor > 1 ? Math.floor(step / factor) : step;
}

function grownCurves(
  curves: TrainingCurves | undefined,
  training: KnownTraining | undefined,
  payload: TrainingProgress,
  restarted: boolean,
): TrainingCurves | undefined {
  const step = stepOfRow(training, payload);
  if (step === null || payload.loss === null) return curves;
  const told = (payload.layers ?? []).map((layer) => layer.layer_idx);
  const base = curves ?? emptyCurves([...new Set([...(training?.layers ?? []), ...told])].sort((a, b) => a - b));
  const last = base.series.x[base.series.x.length - 1];
  if (last !== undefined && step < last && !restarted) return base;
  // An attempt that resumes at a lower step writes those steps again: what was after it is no longer so.
  const kept = restarted ? base.series.x.filter((x) => x < step).length : base.series.x.length;
  const next: TrainingCurves = {
    layers: base.layers,
    series: { x: base.series.x.slice(0, kept), lines: base.series.lines.map((line) => line.slice(0, kept)) },
  };
  const values: (number | null)[] = Array.from({ length: next.series.lines.length }, () => null);
  for (const name of CURVE_METRICS) values[lineIndex(next, name, null)] = payload[name];
  for (const layer of payload.layers ?? []) {
    if (!next.layers.includes(layer.layer_idx)) continue;
    values[lineIndex(next, "loss", layer.layer_idx)] = layer.loss;
    values[lineIndex(next, "l0_sparsity", layer.layer_idx)] = layer.l0_sparsity;
  }
  appendRow(next.series, step, values);
  if (next.series.x.length > MAX_POINTS) next.series = thin(next.series, THINNED_POINTS);
  return next;
}

/** What was told from step `from` on, with what is known before it, and what has come live after its end. */
function joinCurves(told: TrainingCurves, known: TrainingCurves | undefined, from: number): TrainingCurves {
  if (known === undefined || known.layers.length !== told.layers.length) return told;
  const joined = emptyCurves(told.layers);
  const end = told.series.x[told.series.x.length - 1] ?? -1;
  const copy = (source: Series, wanted: (x: number) => boolean) => {
    source.x.forEach((x, i) => {
      if (wanted(x)) appendRow(joined.series, x, source.lines.map((line) => line[i] ?? null));
    });
  };
  copy(known.series, (x) => x < from);
  copy(told.series, () => true);
  copy(known.series, (x) => x > end && x >= from);
  return joined;
}

function definedOnly<T extends object>(value: T): Partial<T> {
  return Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined)) as Partial<T>;
}

export function createTrainingsStore() {
  return createStore<TrainingsState>()((set, get) => {
    function change(id: string, fields: Partial<Training>, ts: string): void {
      set((state) => ({
        trainings: { ...state.trainings, [id]: mergeTrainingEvent(state.trainings[id], id, fields, ts) },
      }));
    }

    return {
      trainings: {},
      curves: {},
      curvesLoad: {},
      checkpoints: {},
      restarted: {},
      errors: {},
      load: "loading",
      error: null,

      fetchTrainings: async () => {
        try {
          const { items } = await api.trainings();
          set((state) => {
            const trainings = { ...state.trainings };
            for (const training of items) trainings[training.id] = mergeTrainingAnswer(trainings[training.id], training);
            return { trainings, load: "ready", error: null };
          });
        } catch (error) {
          set((state) => ({ error: messageOf(error), load: state.load === "ready" ? "ready" : "error" }));
        }
      },

      fetchTraining: async (trainingId) => {
        try {
          const training = await api.training(trainingId);
          set((state) => ({
            trainings: { ...state.trainings, [trainingId]: mergeTrainingAnswer(state.trainings[trainingId], training) },
            errors: Object.fromEntries(Object.entries(state.errors).filter(([id]) => id !== trainingId)),
          }));
        } catch (error) {
          set((state) => ({ errors: { ...state.errors, [trainingId]: messageOf(error) } }));
        }
      },

      fetchCurves: async (trainingId, onlyNew = false) => {
        const before = get().curves[trainingId];
        const from = onlyNew ? (before?.series.x[before.series.x.length - 1] ?? 0) : 0;
        try {
          const { items } = await api.trainingMetrics(trainingId, from);
          set((state) => {
            const live = state.curves[trainingId];
            const told = curvesFromRows(items, live?.layers ?? state.trainings[trainingId]?.layers ?? []);
            return {
              curves: { ...state.curves, [trainingId]: joinCurves(told, live, from) },
              curvesLoad: { ...state.curvesLoad, [trainingId]: "ready" },
            };
          });
        } catch {
          set((state) => ({
            curvesLoad: { ...state.curvesLoad, [trainingId]: state.curves[trainingId] === undefined ? "error" : "ready" },
          }));
        }
      },

      fetchCheckpoints: async (trainingId) => {
        try {
          const { items } = await api.checkpoints(trainingId);
          set((state) => ({ checkpoints: { ...state.checkpoints, [trainingId]: sortCheckpoints(items) } }));
        } catch (error) {
          set((state) => ({ errors: { ...state.errors, [trainingId]: messageOf(error) } }));
        }
      },

      updateTrainingProgress: (payload) => {
        const id = payload.training_id;
        const known = get().trainings[id];
        // What was last reported, told again on subscribing, must not undo an end that is known already.
        const ended = known?.status !== undefined && !isActive(known.status);
        if (!ended) change(id, {
          ...definedOnly({
            current_step: payload.current_step,
            total_steps: payload.total_steps,
            progress: payload.progress,
            loss: payload.loss,
            l0_sparsity: payload.l0_sparsity,
            l1_sparsity: payload.l1_sparsity,
            dead_neurons: payload.dead_neurons,
            explained_variance: payload.explained_variance,
            learning_rate: payload.learning_rate,
            grad_norm: payload.grad_norm,
            samples_per_second: payload.samples_per_second,
            eta_seconds: payload.eta_seconds,
            eta_low: payload.eta_low,
            eta_high: payload.eta_high,
          }),
          status: known?.status ?? "running",
        }, payload.ts);
        set((state) => {
          const curves = grownCurves(state.curves[id], state.trainings[id], payload, state.restarted[id] === true);
          return curves === undefined
            ? {}
            : { curves: { ...state.curves, [id]: curves }, restarted: { ...state.restarted, [id]: false } };
        });
      },

      updateTrainingStatus: (payload) => {
        change(payload.training_id, {
          status: payload.status as JobStatus,
          ...(payload.current_step === null ? {} : definedOnly({ current_step: payload.current_step })),
          ...(payload.progress === null ? {} : definedOnly({ progress: payload.progress })),
        }, payload.ts);
        if (payload.status === "queued") {
          set((state) => ({ restarted: { ...state.restarted, [payload.training_id]: true } }));
        }
      },

      completeTraining: (payload) => {
        change(payload.training_id, {
          status: "completed",
          progress: 100,
          final_loss: payload.final_loss,
          duration_seconds: payload.duration_seconds,
          eta_seconds: null,
          eta_low: null,
          eta_high: null,
        }, payload.ts);
      },

      failTraining: (payload) => {
        const known = get().trainings[payload.training_id];
        change(payload.training_id, {
          status: "failed",
          progress: payload.progress ?? known?.progress ?? null,
          error_type: payload.error_type,
          error_message: payload.error_message,
          suggested_retry_params: payload.suggested_retry_params,
          eta_seconds: null,
          eta_low: null,
          eta_high: null,
        }, payload.ts);
      },

      addCheckpoint: (payload) => {
        const checkpoint: Checkpoint = {
          id: payload.checkpoint_id,
          training_id: payload.training_id,
          step: payload.step,
          layer_idx: null,
          loss: payload.loss,
          is_best: payload.is_best,
          storage_path: payload.storage_path,
          size_bytes: payload.size_bytes,
          created_at: payload.ts,
        };
        set((state) => {
          const known = state.checkpoints[payload.training_id] ?? [];
          if (known.some((other) => other.id === checkpoint.id)) return {};
          const others = checkpoint.is_best ? known.map((other) => ({ ...other, is_best: false })) : known;
          return {
            checkpoints: { ...state.checkpoints, [payload.training_id]: sortCheckpoints([...others, checkpoint]) },
          };
        });
      },
    };
  });
}

function sortCheckpoints(checkpoints: Checkpoint[]): Checkpoint[] {
  return [...checkpoints].sort((a, b) => b.step - a.step || (a.layer_idx ?? -1) - (b.layer_idx ?? -1));
}

export const trainingsStore = createTrainingsStore();
