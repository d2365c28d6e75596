/** REST calls. Every failure is an ApiError whose message can be shown as it is. */
import { decodeColumns, type MetricColumns } from "./chart/columns";
import type { Dataset, DatasetDownload, TokenizeRequest } from "./types/dataset";
import type { SmallCurve, TrainingEstimate } from "./types/estimate";
import type { Control, JsonObject, LogPage, Operation, OperationsPage, RetryRequest, TimelinePage } from "./types/job";
import type { Extraction, Model, ModelDownload } from "./types/model";
import type { Comparison, ProgressSnapshot, SnapshotRule } from "./types/progress";
import type { MetricCounts, ScheduledTask, ServerSettings } from "./types/server";
import type { HostInfo, SystemHistory, SystemRange, SystemSnapshot, VersionInfo } from "./types/system";
import type { Checkpoint, CurveRow, MetricPage, Training } from "./types/training";

/** What is gone, and the folder of its files if that stays. */
interface Removed {
  id: string;
  files_kept: string | null;
}

export interface Page<T> {
  items: T[];
  next_cursor: string | null;
}

export class ApiError extends Error {
  constructor(
    message: string,
    readonly status: number,
    readonly code: string,
    readonly field: string | null = null,
  ) {
    super(message);
  }
}

const TIMEOUT_MS = 15_000;
/** What is asked every few seconds to learn whether there is an answer must not wait longer than it takes to doubt it. */
const POLL_TIMEOUT_MS = 4000;
/** Counting goes over every row: one to two seconds a million. */
const COUNTING_MS = 120_000;

/** What a curve is drawn from: some two for each pixel of a chart's width. */
const CURVE_POINTS = 1500;

async function send(method: string, path: string, body?: unknown, timeoutMs = TIMEOUT_MS): Promise<Response> {
  try {
    return await fetch(`/api/v1${path}`, {
      method,
      headers: body === undefined ? { accept: "application/json" } : { accept: "application/json", "content-type": "application/json" },
      body: body === undefined ? null : JSON.stringify(body),
      signal: AbortSignal.timeout(timeoutMs),
    });
  } catch (error) {
    const timeout = error instanceof DOMException && error.name === "TimeoutError";
    throw new ApiError(
      timeout ? `No answer from the server within ${timeoutMs / 1000} s.` : "The server can't be reached.",
      0,
      timeout ? "timeout" : "unreachable",
    );
  }
}

async function read<T>(response: Response): Promise<T> {
  const text = await response.text();
  let parsed: unknown = null;
  try {
    parsed = text === "" ? null : JSON.parse(text);
  } catch {
    throw new ApiError(`The server's answer (${response.status}) is no JSON.`, response.status, "bad_answer");
  }
  if (!response.ok) {
    const error = (parsed as { error?: { code?: string; message?: string; field?: string } } | null)?.error;
    throw new ApiError(
      error?.message ?? `The server answered ${response.status}.`,
      response.status,
      error?.code ?? "unknown",
      error?.field ?? null,
    );
  }
  return parsed as T;
}

async function request<T>(method: string, path: string, body?: unknown, timeoutMs?: number): Promise<T> {
  return read<T>(await send(method, path, body, timeoutMs));
}

async function columns(path: string): Promise<MetricColumns> {
  const response = await send("GET", path);
  if (!response.ok) return read<MetricColumns>(response);
  return decodeColumns(new Uint8Array(await response.arrayBuffer()));
}

const id = encodeURIComponent;

export const api = {
  operations: (state: "active" | "failed" | "finished", limit = 100, cursor: string | null = null) =>
    request<OperationsPage>("GET", `/operations?state=${state}&limit=${limit}${cursor === null ? "" : `&cursor=${id(cursor)}`}`),
  job: (jobId: string) => request<Operation>("GET", `/jobs/${id(jobId)}`),
  controlJob: (jobId: string, action: Control) =>
    request<Operation>("POST", `/jobs/${id(jobId)}/${action}`, {}),
  retryJob: (jobId: string, asked: RetryRequest) => request<Operation>("POST", `/jobs/${id(jobId)}/retry`, asked),
  dismissJob: (jobId: string, undo = false) =>
    request<Operation>("POST", `/jobs/${id(jobId)}/dismiss`, undo ? { undo: true } : {}),
  jobLogs: (jobId: string, after: number, limit = 1000) =>
    request<LogPage>("GET", `/jobs/${id(jobId)}/logs?after=${after}&limit=${limit}`),
  jobTimeline: (jobId: string) => request<TimelinePage>("GET", `/jobs/${id(jobId)}/timeline`),
  jobLogsBefore: (jobId: string, before: number, limit: number) =>
    request<LogPage>("GET", `/jobs/${id(jobId)}/logs?before=${before}&limit=${limit}`),
  jobLogTail: (jobId: string, lines: number) => request<LogPage>("GET", `/jobs/${id(jobId)}/logs?tail=${lines}`),

  trainings: (limit = 200, cursor: string | null = null) =>
    request<Page<Training>>("GET", `/trainings?limit=${limit}${cursor === null ? "" : `&cursor=${id(cursor)}`}`),
  trainingCurves: (ids: readonly string[], maxPoints: number) =>
    request<{ items: SmallCurve[] }>("GET", `/trainings/curves?ids=${ids.map(id).join(",")}&max_points=${maxPoints}`),
  training: (trainingId: string) => request<Training>("GET", `/trainings/${id(trainingId)}`),
  deleteTraining: (trainingId: string) => request<Removed>("DELETE", `/trainings/${id(trainingId)}`),
  removeModel: (modelId: string) => request<Removed>("DELETE", `/models/${id(modelId)}`),
  removeDataset: (datasetId: string) => request<Removed>("DELETE", `/datasets/${id(datasetId)}`),
  trainingMetrics: (trainingId: string, fromStep = 0, maxPoints = 2000) =>
    request<MetricPage>(
      "GET",
      `/trainings/${id(trainingId)}/metrics?layer=*&max_points=${maxPoints}${fromStep > 0 ? `&from_step=${fromStep}` : ""}`,
    ),
  /** Of every layer; `sinceStep`: only what lies after it. */
  trainingColumns: (trainingId: string, part: { sinceStep?: number; fromStep?: number; toStep?: number } = {}, maxPoints = CURVE_POINTS) => {
    const query = new URLSearchParams({ layer: "*", format: "binary", max_points: String(maxPoints) });
    if (part.sinceStep !== undefined) query.set("since_step", String(part.sinceStep));
    if (part.fromStep !== undefined) query.set("from_step", String(part.fromStep));
    if (part.toStep !== undefined) query.set("to_step", String(part.toStep));
    return columns(`/trainings/${id(trainingId)}/metrics?${query.toString()}`);
  },
  checkpoints: (trainingId: string) => request<Page<Checkpoint>>("GET", `/trainings/${id(trainingId)}/checkpoints`),
  /** The job instead, if the body's idempotency key has made one before. */
  createTraining: (body: JsonObject) => request<Training | Operation>("POST", "/trainings", body),
  estimateTraining: (body: JsonObject) => request<TrainingEstimate>("POST", "/trainings/estimate", body),

  models: () => request<Page<Model>>("GET", "/models?limit=200"),
  importModel: (path: string, name: string) => request<Model>("POST", "/models", name === "" ? { path } : { path, name }),
  model: (modelId: string) => request<Model>("GET", `/models/${id(modelId)}`),
  downloadModel: (body: ModelDownload) => request<Model>("POST", "/models", body),
  extract: (modelId: string, body: JsonObject) =>
    request<Extraction>("POST", `/models/${id(modelId)}/extractions`, body),
  extractions: () => request<Page<Extraction>>("GET", "/extractions?limit=500"),
  extractionsOf: (modelId: string) => request<Page<Extraction>>("GET", `/extractions?model_id=${id(modelId)}&limit=500`),

  datasets: () => request<Page<Dataset>>("GET", "/datasets?limit=200"),
  importDataset: (path: string, name: string) =>
    request<Dataset>("POST", "/datasets", name === "" ? { path } : { path, name }),
  dataset: (datasetId: string) => request<Dataset>("GET", `/datasets/${id(datasetId)}`),
  downloadDataset: (body: DatasetDownload) => request<Dataset>("POST", "/datasets", body),
  tokenize: (datasetId: string, body: TokenizeRequest) =>
    request<Operation>("POST", `/datasets/${id(datasetId)}/tokenize`, body),

  /** Machines that report: the server's own and its workers'. */
  systemHosts: () => request<{ items: HostInfo[] }>("GET", "/system/hosts"),
  /** `host` null, here and below: the server's own machine. */
  systemMetrics: (host: string | null = null) =>
    request<SystemSnapshot>("GET", `/system/metrics${host === null ? "" : `?host=${id(host)}`}`, undefined, POLL_TIMEOUT_MS),
  systemHistory: (windowSeconds: number, host: string | null = null) =>
    request<SystemHistory>("GET", `/system/history?window=${windowSeconds}${host === null ? "" : `&host=${id(host)}`}`),
  /** The machine over any time of the last 30 days; `to` null: until now. */
  systemRange: (from: string, to: string | null, { host = null, resolution = null }: { host?: string | null; resolution?: number | null } = {}) => {
    const query = new URLSearchParams({ from });
    if (to !== null) query.set("to", to);
    if (host !== null) query.set("host", host);
    if (resolution !== null) query.set("resolution", String(resolution));
    return request<SystemRange>("GET", `/system/history?${query.toString()}`);
  },

  jobs: (limit = 500) => request<Page<Operation>>("GET", `/jobs?limit=${limit}`),
  extraction: (extractionId: string) => request<Extraction>("GET", `/extractions/${id(extractionId)}`),
  /** The rows over all layers; with `sinceStep` those after it, all of them. */
  trainingCurve: (trainingId: string, sinceStep: number | null, maxPoints = 1500) =>
    request<{ items: CurveRow[] }>(
      "GET",
      `/trainings/${id(trainingId)}/metrics?layer=all&${sinceStep === null ? "" : `since_step=${sinceStep}&`}max_points=${maxPoints}`,
    ),
  /** Snapshots of its progress, a page of at most 500. */
  progressHistory: (entityId: string, startTime: string | null = null, cursor: string | null = null) =>
    request<Page<ProgressSnapshot> & { rule?: SnapshotRule }>(
      "GET",
      `/progress-history?entity_id=${id(entityId)}${startTime === null ? "" : `&start_time=${id(startTime)}`}${cursor === null ? "" : `&cursor=${id(cursor)}`}`,
    ),
  compareProgress: (ids: readonly string[]) =>
    request<Comparison>("GET", `/progress-history/compare?entity_ids=${ids.map(id).join(",")}`),

  version: () => request<VersionInfo>("GET", "/version"),
  settings: () => request<ServerSettings>("GET", "/settings"),
  schedule: () => request<{ items: ScheduledTask[] }>("GET", "/schedule"),
  runTask: (name: string) => request<ScheduledTask>("POST", `/schedule/${id(name)}/run`, {}),
  metricCounts: () => request<MetricCounts>("GET", "/maintenance/metrics", undefined, COUNTING_MS),
};

/** Why a form was refused, and which of its fields is why. */
export interface Problem {
  field: string | null;
  message: string;
}

export function problemOf(error: unknown): Problem {
  return { field: error instanceof ApiError ? error.field : null, message: messageOf(error) };
}

/** What was asked for isn't there, or no more. */
export function isGone(error: unknown): boolean {
  return error instanceof ApiError && error.status === 404;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
