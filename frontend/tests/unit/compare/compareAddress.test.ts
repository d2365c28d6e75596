import { describe, expect, it } from "vitest";
import { readCompare, RUNS_MAX, writeCompare } from "@/lib/compareAddress";
import { lookOf, placesFor, runLabels } from "@/lib/runLook";

const places = (search: string) => [...readCompare(search).places.values()];

describe("the comparison's address", () => {
  it("reads runs, each once, in their order, and the baseline among them", () => {
    const { ids, baseline } = readCompare("?ids=a,b,,a,%20c&baseline=b");
    expect(ids).toEqual(["a", "b", "c"]);
    expect(baseline).toBe("b");
    expect(readCompare("?ids=a&baseline=z").baseline).toBeNull();
    expect(readCompare("").ids).toEqual([]);
  });

  it("keeps every other run's look when one is removed or added, and in the address", () => {
    const without = writeCompare("?ids=a,b,c&baseline=a", ["b", "c"], "a");
    expect(without).toBe("/compare?ids=b,c&looks=1,2");
    expect(places(without.slice(8))).toEqual([1, 2]);
    const again = writeCompare(without.slice(8), ["b", "c", "d"], null);
    expect(again).toBe("/compare?ids=b,c,d&looks=1,2,0");
  });

  it("keeps what else the address says, and writes a pinned baseline", () => {
    expect(writeCompare("?x=time&ids=a,b&scale=log", ["a", "b"], "b")).toBe("/compare?ids=a,b&baseline=b&x=time&scale=log");
    expect(writeCompare("?ids=a", [], null)).toBe("/compare");
  });

  it("takes a look for none that is no place or is taken", () => {
    expect(places("?ids=a,b,c&looks=2,2,x")).toEqual([2, 0, 1]);
    expect(places("?ids=a,b&looks=-1,999")).toEqual([0, 1]);
  });

  it("holds as many runs as the server compares", () => {
    const many = Array.from({ length: 30 }, (_, i) => `r${i}`);
    expect(readCompare(`?ids=${many.join()}`).ids).toHaveLength(RUNS_MAX);
    expect(readCompare(writeCompare("", many, null).slice(8)).ids).toHaveLength(RUNS_MAX);
  });
});

describe("runs' looks", () => {
  it("are all different, and neighbours differ in colour and dash", () => {
    const looks = Array.from({ length: RUNS_MAX }, (_, i) => lookOf(i));
    expect(new Set(looks.map(({ color, dash }) => `${color} ${dash.join()}`)).size).toBe(RUNS_MAX);
    looks.slice(1).forEach((look, i) => {
      expect(look.color).not.toBe(looks[i]?.color);
      expect(look.dash).not.toEqual(looks[i]?.dash);
    });
  });

  it("stay with their run whoever comes or goes", () => {
    const first = placesFor(["a", "b", "c"], new Map());
    const second = placesFor(["c", "d", "b"], first);
    expect(Object.fromEntries(second)).toEqual({ c: 2, d: 0, b: 1 });
  });

  it("go with a label that tells runs of one name apart", () => {
    const labels = runLabels([
      { id: "trn_11111", name: "sae" },
      { id: "trn_22222", name: "sae" },
      { id: "trn_3", name: "other" },
      { id: "job_4", name: null },
    ]);
    expect([...labels.values()]).toEqual(["sae · 11111", "sae · 22222", "other", "job_4"]);
  });
});
