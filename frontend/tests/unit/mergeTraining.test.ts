import { describe, expect, it } from "vitest";
import { mergeTrainingAnswer, mergeTrainingEvent } from "@/lib/mergeTraining";
import { training } from "../support/samples";

const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 12, 0, second)).toISOString();
const answer = (second: number, changes = {}) => training({ updated_at: at(second), ...changes });

describe("answers and events of a training", () => {
  it("an older answer does not take back what an event told, whenever it comes [9]", () => {
    const live = mergeTrainingEvent(answer(10), "trn_1", { current_step: 300, loss: 0.1 }, at(20));
    const merged = mergeTrainingAnswer(live, answer(15, { current_step: 200, loss: 0.2, started_at: at(5) }));
    expect(merged).toMatchObject({ current_step: 300, loss: 0.1, started_at: at(5) });
  });

  it("a newer answer replaces what an event told, null too: a new attempt has no loss yet", () => {
    const live = mergeTrainingEvent(answer(10), "trn_1", { status: "running", loss: 0.1 }, at(20));
    expect(mergeTrainingAnswer(live, answer(30, { status: "queued", loss: null }))).toMatchObject({ status: "queued", loss: null });
  });

  it("an end that was told is kept though the answer still says running [3]", () => {
    const live = mergeTrainingEvent(answer(10), "trn_1", { status: "completed", progress: 100 }, at(20));
    expect(mergeTrainingAnswer(live, answer(19, { status: "running", progress: 99 }))).toMatchObject({ status: "completed", progress: 100 });
  });

  it("the answer to an event brings what no event carries", () => {
    const live = mergeTrainingEvent(answer(10, { finished_at: null }), "trn_1", { status: "completed" }, at(21));
    // The row changed a moment before that was told.
    expect(mergeTrainingAnswer(live, answer(20, { status: "completed", finished_at: at(20) }))).toMatchObject({ finished_at: at(20) });
  });

  it("an event from before an answer is no news: the state told on subscribing", () => {
    const known = answer(30, { current_step: 900 });
    expect(mergeTrainingEvent(known, "trn_1", { current_step: 400 }, at(20)).current_step).toBe(900);
  });

  it("of two answers the older one only fills what is open", () => {
    const known = { ...answer(30, { name: "new" }), result: undefined } as never;
    expect(mergeTrainingAnswer(known, answer(20, { name: "old", result: { a: 1 } }))).toMatchObject({ name: "new", result: { a: 1 } });
  });

  it("begins with whichever comes first", () => {
    expect(mergeTrainingEvent(undefined, "trn_1", { loss: 1 }, at(1))).toMatchObject({ id: "trn_1", loss: 1 });
    expect(mergeTrainingAnswer(undefined, answer(1))).toEqual(answer(1));
    const live = mergeTrainingEvent(undefined, "trn_1", { loss: 1 }, at(5));
    expect(mergeTrainingAnswer(live, answer(1, { loss: null, name: "run" }))).toMatchObject({ loss: 1, name: "run" });
  });
});
