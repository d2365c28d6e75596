import { describe, expect, it } from "vitest";
import { ApiError } from "@/lib/api";
import { canBulk, outcomeWords, runBulk } from "@/lib/trainingTable/bulk";
import { columnOf, COLUMNS, DEFAULT_COLUMNS, formatColumns, nextSort, parseColumns, parseSort, type Lookup, type SortKey } from "@/lib/trainingTable/columns";
import { compareKeys, countStatuses, isOutOfOrder, matcher, orderRows, type Filter, type References } from "@/lib/trainingTable/order";
import { layersWord, lossOf, newerRow, rowOf, withOperation, withProgress, type TrainingRow } from "@/lib/trainingTable/row";
import { allToggled, coverage, formatSelection, NOTHING, parseSelection, ranged, toggled } from "@/lib/trainingTable/selection";
import { scrollToRow, windowAt } from "@/lib/trainingTable/window";
import { operation, progress, training } from "../support/samples";

const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 12, 0, second)).toISOString();
const row = (changes: Partial<TrainingRow> = {}): TrainingRow => ({ ...rowOf(training()), ...changes });
const LOOKUP: Lookup = { extraction: (id) => `x ${id}`, model: ({ model_id }) => model_id, dataset: ({ dataset_id }) => dataset_id };
const REFERENCES: References = { modelOf: ({ model_id }) => model_id, datasetOf: ({ dataset_id }) => dataset_id };
const ANY: Filter = { text: "", status: "", model: "", data: "" };
const ids = (rows: TrainingRow[], sort: string, filter: Partial<Filter> = {}, frozen = new Map<string, SortKey>()) =>
  orderRows(rows, matcher({ ...ANY, ...filter }, REFERENCES, LOOKUP), parseSort(sort), LOOKUP, frozen);

describe("a row of the table", () => {
  it("keeps what columns need, and of the parameters only what it was trained on", () => {
    const made = rowOf(training({ params: { model_id: "mdl_1", dataset_id: "dst_1", seed: 3 }, result: { big: true } }));
    expect(made).toMatchObject({ id: "trn_1", model_id: "mdl_1", dataset_id: "dst_1" });
    expect(Object.keys(made)).not.toEqual(expect.arrayContaining(["params"]));
    expect(Object.keys(made)).not.toEqual(expect.arrayContaining(["result"]));
    expect(rowOf(training({ params: null })).model_id).toBeNull();
  });

  it("is never taken back by an answer that is older than an event", () => {
    const known = row({ updated_at: at(40), loss: 0.1 });
    expect(newerRow(known, row({ updated_at: at(39), loss: 0.5 }))).toBe(known);
    expect(newerRow(known, row({ updated_at: at(41), loss: 0.05 })).loss).toBe(0.05);
    expect(newerRow(undefined, known)).toBe(known);
  });

  it("takes its state from the job, and not from an older word or an older job", () => {
    const known = row({ updated_at: at(30), status: "running" });
    expect(withOperation(known, operation({ status: "paused", updated_at: at(29) }))).toBe(known);
    expect(withOperation(known, operation({ status: "paused", updated_at: at(31) }))).toMatchObject({ status: "paused", updated_at: at(31) });
    const retried = row({ job_id: "job_2", status: "queued", updated_at: at(50) });
    expect(withOperation(retried, operation({ id: "job_1", status: "failed", created_at: at(0), updated_at: at(51) }))).toBe(retried);
    expect(withOperation(known, operation({ id: "job_2", status: "queued", created_at: at(60), updated_at: at(60) }))).toMatchObject({ job_id: "job_2", status: "queued" });
  });

  it("is the same row where the job tells nothing new", () => {
    const known = withOperation(row({ updated_at: at(30) }), operation({ updated_at: at(31) }));
    expect(withOperation(known, operation({ updated_at: at(32) }))).toBe(known);
  });

  it("takes live values while it runs, none after its end, and none that are older", () => {
    const known = row({ updated_at: at(30) });
    expect(withProgress(known, progress({ ts: at(31), loss: 0.25, current_step: 300 }))).toMatchObject({ loss: 0.25, current_step: 300, reported_at: at(31), updated_at: at(30) });
    expect(withProgress(known, progress({ ts: at(31), loss: null })).loss).toBe(known.loss);
    expect(withProgress(known, progress({ ts: at(29) }))).toBe(known);
    const ended = row({ status: "completed", updated_at: at(30) });
    expect(withProgress(ended, progress({ ts: at(31) }))).toBe(ended);
  });

  it("hears of an end that was written before, and told after, the last live values (never_again_3)", () => {
    const live = withProgress(row({ updated_at: at(30) }), progress({ ts: at(33) }));
    expect(withOperation(live, operation({ status: "cancelled", updated_at: at(32) })).status).toBe("cancelled");
    expect(newerRow(live, row({ status: "completed", updated_at: at(32), loss: 0.01 }))).toMatchObject({ status: "completed", loss: 0.01 });
  });

  it("keeps live values that came after an answer was written (never_again_9)", () => {
    const live = withProgress(row({ updated_at: at(30) }), progress({ ts: at(33), loss: 0.25 }));
    expect(newerRow(live, row({ updated_at: at(32), loss: 0.5, name: "renamed" }))).toMatchObject({ loss: 0.25, name: "renamed", updated_at: at(32) });
    expect(newerRow(live, row({ updated_at: at(34), loss: 0.125 })).loss).toBe(0.125);
    expect(withProgress(live, progress({ ts: at(32), loss: 9 }))).toBe(live);
  });

  it("says its layers and its loss shortly", () => {
    expect([[], [3], [0, 1, 2], [0, 4]].map((layers) => layersWord(layers))).toEqual(["", "L3", "L0–2", "L0,4"]);
    expect(lossOf(row({ loss: 2, final_loss: 1 }))).toBe(1);
    expect(lossOf(row({ loss: 2, final_loss: null }))).toBe(2);
  });
});

describe("columns", () => {
  it("are read from the address in the table's order, the name always among them", () => {
    expect(parseColumns("loss,status")).toEqual(["name", "status", "loss"]);
    expect(parseColumns("nonsense")).toEqual(["name"]);
    expect(formatColumns(["created", "k", "name"])).toBe("name,k,created");
    expect(formatColumns(DEFAULT_COLUMNS)).toBe(DEFAULT_COLUMNS.join(","));
  });

  it("sort first the way that one looks for, then the other", () => {
    expect(nextSort(parseSort("-created"), "name")).toBe("name");
    expect(nextSort(parseSort("name"), "name")).toBe("-name");
    expect(nextSort(parseSort("-name"), "name")).toBe("name");
    expect(nextSort(parseSort("name"), "features")).toBe("-features");
    expect(nextSort(parseSort("name"), "loss")).toBe("loss");
    expect(parseSort("nonsense")).toMatchObject({ column: { key: "created" }, down: true });
  });

  it("each have a key of their own and something to sort by", () => {
    expect(new Set(COLUMNS.map(({ key }) => key)).size).toBe(COLUMNS.length);
    for (const column of COLUMNS) expect(column.sort(row({ model_id: "m", dataset_id: "d", finished_at: at(9), duration_seconds: 4, error_type: "OOM" }), LOOKUP)).not.toBeUndefined();
    expect(columnOf("eta")?.sort(row({ status: "completed", eta_seconds: 9 }), LOOKUP)).toBeNull();
    expect(columnOf("extraction")?.sort(row({ extraction_id: null }), LOOKUP)).toBeNull();
  });
});

describe("the order of rows", () => {
  const a = row({ id: "a", name: "run 2", loss: 3, created_at: at(1) });
  const b = row({ id: "b", name: "run 10", loss: null, created_at: at(2) });
  const c = row({ id: "c", name: "Run 1", loss: 1, created_at: at(3) });

  it("puts what isn't known last both ways, numbers in names by their value, and equals newest first", () => {
    expect(ids([a, b, c], "loss")).toEqual(["c", "a", "b"]);
    expect(ids([a, b, c], "-loss")).toEqual(["a", "c", "b"]);
    expect(ids([a, b, c], "name")).toEqual(["c", "a", "b"]);
    expect(ids([a, b, c], "-created")).toEqual(["c", "b", "a"]);
    expect(ids([a, b, c], "architecture")).toEqual(["c", "b", "a"]);
    expect(compareKeys(null, null, true)).toBe(0);
  });

  it("holds while values change, gives new rows their place, and is known to be out of date", () => {
    const frozen = new Map<string, SortKey>();
    expect(ids([a, c], "loss", {}, frozen)).toEqual(["c", "a"]);
    const moved = { ...a, loss: 0.5 };
    const fresh = row({ id: "d", loss: 2, created_at: at(4) });
    expect(ids([moved, c, fresh], "loss", {}, frozen)).toEqual(["c", "d", "a"]);
    const known = new Map([moved, c, fresh].map((each) => [each.id, each]));
    expect(isOutOfOrder(["c", "d", "a"], known, parseSort("loss"), LOOKUP)).toBe(true);
    expect(isOutOfOrder(["a", "c", "d"], known, parseSort("loss"), LOOKUP)).toBe(false);
    expect(isOutOfOrder(["a", "gone", "c"], known, parseSort("loss"), LOOKUP)).toBe(false);
    // What can't change can't be out of order.
    expect(isOutOfOrder(["c", "a"], known, parseSort("name"), LOOKUP)).toBe(false);
    expect(ids([moved, c, fresh], "loss")).toEqual(["a", "c", "d"]);
  });

  it("filters by all words, state, model, and dataset or extraction", () => {
    const x = row({ id: "x", name: "wide", status: "failed", error_message: "out of memory", model_id: "gpt2", dataset_id: "kjv", extraction_id: "ext_9" });
    const all = [a, b, x];
    expect(ids(all, "name", { text: "RUN 1" })).toEqual(["b"]);
    expect(ids(all, "name", { text: "memory wide" })).toEqual(["x"]);
    expect(ids(all, "name", { text: "gpt2" })).toEqual(["x"]);
    expect(ids(all, "name", { text: "gpt3" })).toEqual([]);
    expect(ids(all, "name", { status: "failed" })).toEqual(["x"]);
    expect(ids(all, "name", { status: "active" })).toEqual(["a", "b"]);
    expect(ids(all, "name", { model: "gpt2" })).toEqual(["x"]);
    expect(ids(all, "name", { data: "kjv" })).toEqual(["x"]);
    expect(ids(all, "name", { data: "ext_9" })).toEqual(["x"]);
    expect(ids(all, "name", { data: "ext_1", text: "run" })).toEqual(["a", "b"]);
  });

  it("counts the states", () => {
    const counts = countStatuses([a, b, row({ status: "failed" }), row({ status: "queued" })]);
    expect(counts).toMatchObject({ running: 2, failed: 1, queued: 1, active: 3, completed: 0 });
  });
});

describe("the selection", () => {
  const shown = ["a", "b", "c", "d", "e"];
  it("toggles one, a range from where one began, and all that are shown", () => {
    const one = toggled(NOTHING, "b");
    expect([...one]).toEqual(["b"]);
    expect([...toggled(one, "b")]).toEqual([]);
    expect([...ranged(one, shown, "b", "d", true)]).toEqual(["b", "c", "d"]);
    expect([...ranged(one, shown, "d", "a", true)].sort()).toEqual(["a", "b", "c", "d"]);
    expect([...ranged(new Set(shown), shown, "b", "d", false)]).toEqual(["a", "e"]);
    expect([...ranged(NOTHING, shown, null, "c", true)]).toEqual(["c"]);
    expect([...ranged(NOTHING, shown, "filtered away", "c", true)]).toEqual(["c"]);
    expect([...ranged(NOTHING, shown, "a", "filtered away", true)]).toEqual([]);
    const all = allToggled(new Set(["hidden", "a"]), shown);
    expect(all.size).toBe(6);
    expect([...allToggled(all, shown)]).toEqual(["hidden"]);
  });

  it("says how much of what is shown it covers, and fits into an address while it is small", () => {
    expect(coverage(NOTHING, shown)).toBe("none");
    expect(coverage(new Set(["a"]), shown)).toBe("some");
    expect(coverage(new Set(shown), shown)).toBe("all");
    expect(coverage(NOTHING, [])).toBe("none");
    expect(formatSelection(new Set(["a", "b"]))).toBe("a,b");
    expect(formatSelection(new Set(Array.from({ length: 21 }, (_, i) => String(i))))).toBe("");
    expect([...parseSelection("a,,b")]).toEqual(["a", "b"]);
  });
});

describe("the window of rows", () => {
  it("holds what is in sight and some around it, and never more than there are", () => {
    expect(windowAt(0, 720, 36, 10_000)).toMatchObject({ from: 0 });
    const middle = windowAt(36 * 5000, 720, 36, 10_000);
    expect(middle.from).toBeLessThanOrEqual(5000 - 4);
    expect(middle.to).toBeGreaterThanOrEqual(5020 + 4);
    expect(middle.to - middle.from).toBeLessThan(60);
    expect(windowAt(36 * 9990, 720, 36, 10_000).to).toBe(10_000);
    expect(windowAt(-50, 720, 36, 3)).toEqual({ from: 0, to: 3 });
    expect(windowAt(36 * 500, 720, 36, 0)).toEqual({ from: 0, to: 0 });
    expect(windowAt(36 * 5000, 720, 36, 10)).toMatchObject({ from: 9, to: 10 });
  });

  it("stays the same over a few pixels", () => {
    expect(windowAt(36 * 400 + 10, 720, 36, 1000)).toEqual(windowAt(36 * 400 + 90, 720, 36, 1000));
  });

  it("scrolls only as far as a row needs", () => {
    expect(scrollToRow(3, 0, 360, 36)).toBeNull();
    expect(scrollToRow(12, 0, 360, 36)).toBe(13 * 36 - 360);
    expect(scrollToRow(2, 360, 360, 36)).toBe(72);
  });
});

describe("bulk actions", () => {
  it("are offered by the state that is known", () => {
    const can = (status: TrainingRow["status"]) => (["pause", "resume", "cancel", "retry", "dismiss"] as const).filter((action) => canBulk(action, { status }));
    expect(can("running")).toEqual(["pause", "cancel"]);
    expect(can("paused")).toEqual(["resume", "cancel"]);
    expect(can("cancelling")).toEqual([]);
    expect(can("failed")).toEqual(["retry", "dismiss"]);
    expect(can("completed")).toEqual(["dismiss"]);
  });

  const conflict = (message: string) => new ApiError(message, 409, "conflict");

  it("say what came of each: done, on its way, refused and why", async () => {
    const answers: Record<string, () => Promise<ReturnType<typeof operation>>> = {
      queued: () => Promise.resolve(operation({ status: "cancelled" })),
      also: () => Promise.resolve(operation({ status: "cancelled" })),
      running: () => Promise.resolve(operation({ status: "cancelling" })),
      done: () => Promise.reject(conflict("a job that is completed can't be cancelled")),
      gone: () => Promise.reject(new ApiError("there is no job x", 404, "not_found")),
    };
    const heard: number[] = [];
    const result = await runBulk("cancel", Object.keys(answers), (id) => answers[id]?.() ?? Promise.reject(new Error(id)), { onProgress: (n) => heard.push(n) });
    expect(outcomeWords(result)).toBe("2 cancelled, 1 being cancelled, 1 refused: it had completed, 1 refused: it was not there any more");
    expect(heard).toEqual([1, 2, 3, 4, 5]);
    expect(result.jobIds.sort()).toEqual(["also", "queued", "running"]);
  });

  it("name the action that was taken", async () => {
    const words = async (action: Parameters<typeof runBulk>[0], status: TrainingRow["status"]) =>
      outcomeWords(await runBulk(action, ["a"], () => Promise.resolve(operation({ status }))));
    expect(await words("pause", "paused")).toBe("1 paused");
    expect(await words("pause", "running")).toBe("1 being paused");
    expect(await words("resume", "queued")).toBe("1 queued to go on");
    expect(await words("resume", "running")).toBe("1 going on");
    expect(await words("retry", "queued")).toBe("1 queued again");
    expect(await words("dismiss", "failed")).toBe("1 dismissed");
  });

  it("put refusals of one kind together, in the plural", async () => {
    const failed = await runBulk("pause", ["a", "b"], () => Promise.reject(conflict("a job that is failed can't be paused")));
    expect(outcomeWords(failed)).toBe("2 refused: they had failed");
    const cancelled = await runBulk("pause", ["a", "b"], () => Promise.reject(conflict("a job that is cancelled can't be paused")));
    expect(outcomeWords(cancelled)).toBe("2 refused: they were cancelled");
    const retried = await runBulk("retry", ["a"], () => Promise.reject(conflict("the job has been retried already, as job_2")));
    expect(outcomeWords(retried)).toBe("1 refused: it had been retried already");
    const away = await runBulk("pause", ["a"], () => Promise.reject(new ApiError("The server can't be reached.", 0, "unreachable")));
    expect(outcomeWords(away)).toBe("1 not known: The server can't be reached.");
  });

  it("ask for a few at once, and for no more when stopped", async () => {
    let under = 0;
    let most = 0;
    let asked = 0;
    const result = await runBulk(
      "dismiss",
      Array.from({ length: 50 }, (_, i) => String(i)),
      async () => {
        asked += 1;
        under += 1;
        most = Math.max(most, under);
        await Promise.resolve();
        under -= 1;
        return operation();
      },
      { stopped: () => asked >= 20 },
    );
    expect(most).toBeLessThanOrEqual(6);
    expect(asked).toBeLessThan(30);
    expect(result.unasked).toBe(50 - asked);
    expect(outcomeWords(result)).toBe(`${asked} dismissed, ${50 - asked} not asked for any more`);
    expect(outcomeWords({ done: {}, refused: {}, unanswered: {}, unasked: 0, jobIds: [] })).toBe("nothing was asked for");
  });
});
