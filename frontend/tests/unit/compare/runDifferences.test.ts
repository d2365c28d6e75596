import { describe, expect, it } from "vitest";
import { relative, settingRows } from "@/lib/runDifferences";

describe("differences of settings", () => {
  it("are exactly those that were set differently", () => {
    const rows = settingRows([
      { learning_rate: 0.001, k: 16, layers: [0, 1], hook: "residual" },
      { learning_rate: 0.003, k: 16, layers: [0, 1], hook: "residual" },
    ]);
    expect(rows.map((row) => row.name)).toEqual(["hook", "k", "layers", "learning_rate"]);
    expect(rows.filter((row) => row.differs)).toEqual([{ name: "learning_rate", values: ["0.001", "0.003"], differs: true }]);
  });

  it("count what only one of them has", () => {
    expect(settingRows([{ a: 1 }, {}])).toEqual([{ name: "a", values: ["1", null], differs: true }]);
  });

  it("tell a number from a text, null from nothing, and lists by what is in them", () => {
    const rows = settingRows([
      { text: "1", list: [1, 2], gone: null },
      { text: 1, list: [2, 1] },
    ]);
    expect(rows[2]?.values).toEqual(['"1"', "1"]);
    expect(rows.map(({ name, differs }) => [name, differs])).toEqual([["gone", true], ["list", true], ["text", true]]);
  });

  it("go into nested settings by their path", () => {
    const rows = settingRows([{ optimizer: { beta: 0.9, name: "adam" } }, { optimizer: { beta: 0.99, name: "adam" } }]);
    expect(rows.filter((row) => row.differs).map((row) => row.name)).toEqual(["optimizer.beta"]);
  });

  it("are not made by a run of which nothing is known yet", () => {
    expect(settingRows([{ a: 1 }, null, { a: 1 }])).toEqual([{ name: "a", values: ["1", null, "1"], differs: false }]);
  });
});

describe("a result against the baseline's", () => {
  it("is said as a part of it", () => {
    expect(relative(88, 100)).toBe("−12\u202f%");
    expect(relative(103, 100)).toBe("+3.0\u202f%");
    expect(relative(100.01, 100)).toBe("±0\u202f%");
    expect(relative(-0.5, -1)).toBe("+50\u202f%");
  });

  it("is a multiple where percent would say nothing", () => {
    expect(relative(5000, 1)).toBe("5000×");
  });

  it("is nothing where either is not known, or the baseline is 0", () => {
    expect(relative(null, 1)).toBe("");
    expect(relative(1, null)).toBe("");
    expect(relative(1, 0)).toBe("");
  });
});
