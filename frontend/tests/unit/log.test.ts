import { afterEach, describe, expect, it, vi } from "vitest";
import { parseAnsi, stripAnsi } from "@/lib/ansi";
import { api } from "@/lib/api";
import { logText, readWholeLog, saveText } from "@/lib/logDownload";
import { isCutMark, layoutRows, piecesOf, rowOfLine, styledLine } from "@/lib/logRows";
import { findMatches, matchesByLine, MATCHES_MAX, stepMatch } from "@/lib/logSearch";
import type { LogLine } from "@/lib/types/job";

const line = (seq: number, text: string, stream: LogLine["stream"] = "stdout"): LogLine => ({ seq, ts: "2026-01-01T12:00:00.000Z", stream, text });

afterEach(() => {
  vi.restoreAllMocks();
});

describe("text made for a terminal", () => {
  it("keeps its colours as parts and loses every control", () => {
    expect(parseAnsi("a \u001b[1;31mred\u001b[0m z")).toEqual({ text: "a red z", spans: [{ from: 2, to: 5, color: 1, bold: true, dim: false }] });
    expect(stripAnsi("\u001b]0;title\u0007\u001b[2K\u001b[1Gx\u001b(B\u0008\ty")).toBe("x\ty");
  });

  it("leaves plain text as it is", () => {
    expect(parseAnsi("no colour")).toEqual({ text: "no colour", spans: [] });
  });

  it("ends a style where it is taken back, and knows the bright colours", () => {
    const { spans } = parseAnsi("\u001b[92ma\u001b[39mb\u001b[2mc\u001b[22md\u001b[me");
    expect(spans.map(({ from, to, color, dim }) => [from, to, color, dim])).toEqual([[0, 1, 2, false], [2, 3, null, true]]);
  });

  it("passes over colours of 256 and of millions, and what belongs to them", () => {
    expect(parseAnsi("\u001b[38;5;31mx\u001b[0m").spans).toEqual([]);
    expect(parseAnsi("\u001b[38;2;31;31;31mx\u001b[48;5;1;1my").spans).toEqual([{ from: 1, to: 2, color: null, bold: true, dim: false }]);
  });
});

describe("a log as rows", () => {
  it("cuts long lines where the window ends, and finds a line's first row", () => {
    const rows = layoutRows([line(1, "a".repeat(25)), line(2, ""), line(3, "b")], 10);
    expect(rows.map(({ line: i, from, to, first }) => [i, from, to, first])).toEqual([[0, 0, 10, true], [0, 10, 20, false], [0, 20, 25, false], [1, 0, 0, true], [2, 0, 1, true]]);
    expect([0, 1, 2, 3].map((i) => rowOfLine(rows, i))).toEqual([0, 3, 4, 5]);
  });

  it("counts wide letters as two and never cuts one in the middle", () => {
    const rows = layoutRows([line(1, "日本語日本語"), line(2, "🙂".repeat(6))], 10);
    expect(rows.map(({ from, to }) => [from, to])).toEqual([[0, 5], [5, 6], [0, 10], [10, 12]]);
  });

  it("sets tabs to the next column of eight", () => {
    expect(styledLine(line(1, "a\tb\t\tc")).text).toBe("a       b               c");
  });

  it("cuts a row's text where a style or a match begins or ends", () => {
    const styled = parseAnsi("ab\u001b[31mcdef\u001b[0mgh");
    const pieces = piecesOf(styled, { from: 1, to: 8 }, [{ from: 4, to: 7, index: 3 }]);
    expect(pieces.map(({ text, style, match }) => [text, style?.color ?? null, match])).toEqual([["b", null, null], ["cd", 1, null], ["ef", 1, 3], ["g", null, 3], ["h", null, null]]);
  });

  it("knows the line that stands for those that aren't kept", () => {
    const mark = line(900, "… 899 lines (45.6 MiB) are not kept …", "log");
    expect(isCutMark(mark, line(10, "x"))).toBe(true);
    expect(isCutMark(mark, line(899, "x"))).toBe(false);
    expect(isCutMark({ ...mark, stream: "stdout" }, undefined)).toBe(false);
  });
});

describe("searching", () => {
  it("finds every place, whatever the case, also where colours change in the middle", () => {
    const lines = [line(1, "Loss loss"), line(2, "none"), line(3, "\u001b[1mlo\u001b[0mss")];
    const found = findMatches(lines, "LOSS");
    expect(found).toEqual([{ line: 0, from: 0, to: 4 }, { line: 0, from: 5, to: 9 }, { line: 2, from: 0, to: 4 }]);
    expect(matchesByLine(found).get(0)?.map((match) => match.index)).toEqual([0, 1]);
    expect(findMatches(lines, "")).toEqual([]);
  });

  it("goes round the end, and stops counting at a bound", () => {
    expect([stepMatch(3, 2, 1), stepMatch(3, 0, -1), stepMatch(0, 0, 1)]).toEqual([0, 2, 0]);
    expect(findMatches(Array.from({ length: 9000 }, (_, i) => line(i, "x")), "x")).toHaveLength(MATCHES_MAX);
  });
});

describe("the log as a file", () => {
  it("is read page by page to its end, without colours", async () => {
    const all = Array.from({ length: 5001 }, (_, i) => line(i + 1, `\u001b[32mline ${i + 1}\u001b[0m`));
    const read = vi.spyOn(api, "jobLogs").mockImplementation((_, after, limit = 0) => {
      const items = all.slice(after, after + limit);
      return Promise.resolve({ items, next_after: after + items.length, next_before: null });
    });
    const told: number[] = [];
    const parts = await readWholeLog("job_1", new AbortController().signal, (lines) => told.push(lines));
    expect(parts.join("").trim().split("\n")).toHaveLength(5001);
    expect(parts[1]).toBe("2026-01-01T12:00:00.000Z stdout line 5001\n");
    expect(told).toEqual([5000, 5001]);
    expect(read).toHaveBeenCalledTimes(2);
  });

  it("ends when it is stopped", async () => {
    const own = new AbortController();
    vi.spyOn(api, "jobLogs").mockImplementation(() => {
      own.abort();
      return Promise.resolve({ items: Array.from({ length: 5000 }, (_, i) => line(i, "x")), next_after: 5000, next_before: null });
    });
    await expect(readWholeLog("job_1", own.signal, () => undefined)).rejects.toThrow();
    expect(api.jobLogs).toHaveBeenCalledTimes(1);
  });

  it("is handed to the browser under a name", () => {
    const click = vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(() => undefined);
    URL.createObjectURL = () => "blob:log";
    const revoke = vi.fn();
    URL.revokeObjectURL = revoke;
    saveText("job_1.log", [logText([line(1, "a", "stderr")])]);
    expect(click).toHaveBeenCalledTimes(1);
    expect(revoke).toHaveBeenCalledWith("blob:log");
  });
});
