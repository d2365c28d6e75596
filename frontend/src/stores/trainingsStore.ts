/**
 * Trainings by id, their curves and checkpoints. Live values arrive as events; REST brings the rest and never takes back
 * what an event has told.
 */
import { createStore } from "zustand/vanilla";
import { api, messageOf } from "@/lib/api";
import { isActive } from "@/lib/jobWords";
import { mergeTrainingAnswer, mergeTrainingEvent, type KnownTraining } from "@/lib/mergeTraining";
import { ALL, appendColumns, appendLive, curvesFromColumns, cutFrom, lastStep, NO_CURVES, replaceCurves, type LiveRow, type RunCurves } from "@/lib/chart/curves";
import type { JobStatus } from "@/lib/types/job";
import type {
  CheckpointCreated,
  TrainingCompleted,
  TrainingFailed,
  TrainingProgress,
  TrainingStatusChanged,
} from "@/lib/types/events";
import type { Checkpoint, Training } from "@/lib/types/training";

/** The steps that were zoomed into, and their rows in finer grain. */
export interface CurveDetail {
  from: number;
  to: number;
  curves: RunCurves;
}

type LoadState = "loading" | "ready" | "error";

export type { KnownTraining };

export interface TrainingsState {
  trainings: Record<string, KnownTraining>;
  curves: Record<string, RunCurves>;
  curvesLoad: Record<string, LoadState>;
  /** Why the curves, or what was zoomed into, can't be read. */
  curvesError: Record<string, string | null>;
  details: Record<string, CurveDetail | undefined>;
  checkpoints: Record<string, Checkpoint[]>;
  /** A new attempt has begun: its first report may lie before what is known. */
  restarted: Record<string, boolean>;
  errors: Record<string, string>;
  load: LoadState;
  error: string | null;

  fetchTrainings: () => Promise<void>;
  fetchTraining: (trainingId: string) => Promise<void>;
  fetchCurves: (trainingId: string) => Promise<void>;
  /** Asks for the rows after the last that REST has told, and appends them. */
  fetchNewRows: (trainingId: string) => Promise<void>;
  /** Steps from `from` to `to` in finer grain; null: no longer. */
  fetchDetail: (trainingId: string, steps: [number, number] | null) => Promise<void>;
  fetchCheckpoints: (trainingId: string) => Promise<void>;
  updateTrainingProgress: (payload: TrainingProgress) => void;
  updateTrainingStatus: (payload: TrainingStatusChanged) => void;
  completeTraining: (payload: TrainingCompleted) => void;
  failTraining: (payload: TrainingFailed) => void;
  addCheckpoint: (payload: CheckpointCreated) => void;
  /** It was deleted: what was known of it is no longer shown. */
  deleteTraining: (trainingId: string) => void;
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

/** What an event tells of the curves: the values over all layers, and some of each layer's. */
function liveRows(step: number, payload: TrainingProgress): LiveRow[] {
  if (payload.loss === null) return [];
  const time = Date.parse(payload.ts) / 1000;
  const { loss, l0_sparsity, l1_sparsity, dead_neurons, explained_variance, learning_rate, grad_norm, samples_per_second } = payload;
  const all = { loss, l0_sparsity, l1_sparsity, dead_neurons, explained_variance, learning_rate, grad_norm, samples_per_second };
  const layers = payload.layers ?? [];
  return [
    { layer: ALL, step, time, values: all },
    // Of one layer alone nothing is told beyond what is told of all.
    ...(layers.length < 2 ? [] : layers).map(({ layer_idx: layer, ...values }) => ({
      layer: String(layer),
      step,
      time,
      values: { loss: values.loss, l0_sparsity: values.l0_sparsity, dead_neurons: values.dead_neurons },
    })),
  ];
}

function grownCurves(known: RunCurves, step: number, payload: TrainingProgress, restarted: boolean): RunCurves {
  // An attempt that resumes at a lower step writes those steps again: what was after it is no longer so.
  const base = restarted && step <= lastStep(known) ? cutFrom(known, step) : known;
  return appendLive(base, liveRows(step, payload));
}

function definedOnly<T extends object>(value: T): Partial<T> {
  return Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined)) as Partial<T>;
}

export function createTrainingsStore() {
  return createStore<TrainingsState>()((set, get) => {
    /** Of each training, how often a detail was asked for. */
    const detailRequests = new Map<string, number>();

    function change(id: string, fields: Partial<Training>, ts: string): void {
      set((state) => ({
        trainings: { ...state.trainings, [id]: mergeTrainingEvent(state.trainings[id], id, fields, ts) },
      }));
    }

    return {
      trainings: {},
      curves: {},
      curvesLoad: {},
      curvesError: {},
      details: {},
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

      fetchCurves: async (trainingId) => {
        try {
          const told = curvesFromColumns(await api.trainingColumns(trainingId));
          set((state) => ({
            curves: { ...state.curves, [trainingId]: replaceCurves(state.curves[trainingId], told) },
            curvesLoad: { ...state.curvesLoad, [trainingId]: "ready" },
            curvesError: { ...state.curvesError, [trainingId]: null },
          }));
        } catch (error) {
          set((state) => ({
            curvesLoad: { ...state.curvesLoad, [trainingId]: state.curves[trainingId] === undefined ? "error" : "ready" },
            curvesError: { ...state.curvesError, [trainingId]: messageOf(error) },
          }));
        }
      },

      fetchNewRows: async (trainingId) => {
        const before = get().curves[trainingId];
        if (before === undefined || before.told < 0) {
          await get().fetchCurves(trainingId);
          return;
        }
        try {
          const fresh = await api.trainingColumns(trainingId, { sinceStep: before.told });
          set((state) => {
            const known = state.curves[trainingId];
            // A new attempt, or a reading of the whole, came between: what was asked for no longer fits.
            if (known === undefined || known.told !== before.told) return {};
            return {
              curves: { ...state.curves, [trainingId]: appendColumns(known, fresh) },
              curvesError: { ...state.curvesError, [trainingId]: null },
            };
          });
        } catch (error) {
          set((state) => ({ curvesError: { ...state.curvesError, [trainingId]: messageOf(error) } }));
        }
      },

      fetchDetail: async (trainingId, steps) => {
        const request = (detailRequests.get(trainingId) ?? 0) + 1;
        detailRequests.set(trainingId, request);
        if (steps === null) {
          set((state) => ({ details: { ...state.details, [trainingId]: undefined } }));
          return;
        }
        const [from, to] = steps;
        try {
          const curves = curvesFromColumns(await api.trainingColumns(trainingId, { fromStep: from, toStep: to }));
          // The zoom has moved on meanwhile: the answer to its last move counts.
          if (detailRequests.get(trainingId) !== request) return;
          set((state) => ({ details: { ...state.details, [trainingId]: { from, to, curves } } }));
        } catch (error) {
          set((state) => ({ curvesError: { ...state.curvesError, [trainingId]: messageOf(error) } }));
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
        const step = stepOfRow(known, payload);
        if (step === null || payload.loss === null) return;
        const restarted = get().restarted[id] === true;
        set((state) => ({
          curves: { ...state.curves, [id]: grownCurves(state.curves[id] ?? NO_CURVES, step, payload, restarted) },
          restarted: { ...state.restarted, [id]: false },
        }));
        // What the attempt before had told beyond this step is no longer so.
        if (restarted) void get().fetchCurves(id);
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

      deleteTraining: (trainingId) => {
        const without = <T>(known: Record<string, T>): Record<string, T> => Object.fromEntries(Object.entries(known).filter(([id]) => id !== trainingId));
        set((state) => ({
          trainings: without(state.trainings),
          curves: without(state.curves),
          details: without(state.details),
          checkpoints: without(state.checkpoints),
          errors: { ...state.errors, [trainingId]: `the training ${trainingId} was deleted` },
        }));
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
