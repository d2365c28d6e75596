import { render, screen } from "@testing-library/react";
import { describe, expect, test } from "vitest";
import { FinishedList } from "@/features/operations/FinishedList";
import type { Usage } from "@/lib/types/events";
import { operation } from "../support/samples";

const usage: Usage = {
  source: "measured",
  seconds: 60,
  cpu_percent: { mean: 96.4, peak: 180 },
  rss_bytes: { mean: 100_000_000, peak: 200_000_000 },
  read_bytes: 0,
  write_bytes: null,
  gpus: [{ gpu_id: 1, memory_bytes: { mean: 5_000_000, peak: 9_000_000 }, utilization: null }],
};

const words = (text: string | null) => (text ?? "").replace(/\u202f/g, " ");

function usedCell(changes: Parameters<typeof operation>[0]) {
  render(
    <FinishedList
      operations={[operation({ status: "completed", finished_at: "2026-01-01T00:01:00Z", ...changes })]}
      read={{ load: "ready", error: null, cursor: null, deep: false, busy: false }}
      total={1}
      now={Date.parse("2026-01-01T00:02:00Z")}
      onRetry={() => undefined}
      onMore={() => undefined}
      onAgain={() => undefined}
    />,
  );
  return screen.getByTestId("operation-usage");
}

describe("what a finished job used", () => {
  test("is the processor's mean and the peak of memory", () => {
    const cell = usedCell({ usage });
    expect(words(cell.textContent)).toBe("GPU 1 8.6 MiB · CPU 96 % · 191 MiB");
    expect(words(cell.title)).toContain("peak 180 % of one core");
    expect(cell.title).toContain("use mean –, peak –");
  });

  test("is unknown, not zero, when nothing was measured", () => {
    const cell = usedCell({ usage: null });
    expect(cell.textContent).not.toMatch(/0/);
    expect(cell.title).toBe("What this job used is not known");
  });

  test("says that it is an estimate", () => {
    expect(usedCell({ usage: { ...usage, source: "estimated" } }).textContent).toContain("(estimated)");
  });
});
