import { describe, expect, test } from "vitest";
import { fuzzyMatch } from "@/lib/fuzzy";

const score = (query: string, text: string, beside?: string) => fuzzyMatch(query, text, beside)?.score ?? null;
const found = (query: string, text: string) => fuzzyMatch(query, text)?.ranges.map(([from, to]) => [...text].slice(from, to).join(""));

describe("fuzzyMatch", () => {
  test("letters must come in order, whatever their case", () => {
    expect(found("TK32", "kjv · topk 32")).toEqual(["t", "k", "32"]);
    expect(score("32tk", "kjv · topk 32")).toBeNull();
    expect(score("x", "kjv")).toBeNull();
  });

  test("nothing typed is found in everything", () => {
    expect(fuzzyMatch("  ", "kjv")).toEqual({ score: 0, ranges: [] });
  });

  test("the best place is marked, not the first", () => {
    expect(found("layer", "play a layer")).toEqual(["layer"]);
    expect(found("sm", "Visma System Monitor")).toEqual(["S", "M"]);
  });

  test("words count more than letters inside words, runs more than scattered letters, and starts most", () => {
    const order = ["mod", "a mod", "amod", "m-o-d", "mxxoxxd"].map((text) => score("mod", text) ?? 0);
    expect(order[0]).toBeGreaterThan(order[1] ?? 0);
    expect(order[1]).toBeGreaterThan(order[2] ?? 0);
    expect(order[2]).toBeGreaterThan(order[4] ?? 0);
    expect(score("k3", "topk3")).toBeGreaterThan(score("k3", "topkxx3") ?? Infinity - 1);
    expect(score("kjv", "kjv")).toBeGreaterThan(score("kjv", "kjv and much more") ?? Infinity);
  });

  test("several words may stand in any order, and each must be found", () => {
    expect(found("32 kjv", "kjv · topk 32")).toEqual(["kjv", "32"]);
    expect(score("kjv nothing", "kjv · topk 32")).toBeNull();
  });

  test("what stands beside is found too, and counts less", () => {
    expect(fuzzyMatch("trn_1", "kjv", "Training trn_12")?.ranges).toEqual([]);
    expect(score("job", "job")).toBeGreaterThan(score("job", "name", "job") ?? Infinity);
    expect(score("kjv trn", "kjv", "trn_1")).not.toBeNull();
  });

  test("letters of more than one code unit are one letter", () => {
    expect(found("é😀", "caf\u00e9 😀")).toEqual(["é", "😀"]);
  });

  test("a long query in a long text is quick", () => {
    const text = "ab".repeat(200);
    expect(fuzzyMatch("ab".repeat(20), text)?.ranges).toEqual([[0, 40]]);
  });
});
