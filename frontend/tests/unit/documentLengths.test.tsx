import { render, screen } from "@testing-library/react";
import { afterEach, describe, expect, it, vi } from "vitest";
import { DocumentLengths } from "@/features/datasets/DocumentLengths";
import { api } from "@/lib/api";
import { lengthsOf } from "@/lib/documentLengths";
import { dataset } from "../support/catalog";
import { operation } from "../support/samples";

const TOLD = { min: 1, median: 2, p95: null, max: 90_000, histogram: [{ from: 1, to: 1, documents: 3 }, { from: 2, to: 3, documents: 9 }] };

afterEach(() => {
  vi.restoreAllMocks();
});

describe("lengthsOf", () => {
  it("takes what a tokenization tells, and nothing else", () => {
    expect(lengthsOf({ document_lengths: TOLD })).toEqual(TOLD);
    expect(lengthsOf(null)).toBeNull();
    expect(lengthsOf({ tokens: 3 })).toBeNull();
    expect(lengthsOf({ document_lengths: { ...TOLD, min: "1" } })).toBeNull();
    expect(lengthsOf({ document_lengths: { ...TOLD, histogram: [] } })).toBeNull();
    expect(lengthsOf({ document_lengths: { ...TOLD, histogram: [{ from: 1, to: 1 }] } })).toBeNull();
  });
});

describe("DocumentLengths", () => {
  const shown = dataset({ status: "tokenized", tokenize_job_id: "job_1" });

  it("shows the classes with their counts, and what is not known as that", async () => {
    vi.spyOn(api, "job").mockResolvedValue(operation({ result: { document_lengths: TOLD } }));
    render(<DocumentLengths dataset={shown} />);
    const panel = await screen.findByTestId("document-lengths");
    expect(panel.textContent).toContain("1 to 90,000; half have at most 2, 95\u202f% at most –.");
    expect([...panel.querySelectorAll("tbody tr")].map((row) => row.textContent)).toEqual(["125.0\u202f%3", "2–375.0\u202f%9"]);
  });

  it("shows nothing for a tokenization that told none", async () => {
    const read = vi.spyOn(api, "job").mockResolvedValue(operation({ result: { tokens: 3 } }));
    const { container } = render(<DocumentLengths dataset={shown} />);
    await vi.waitFor(() => {
      expect(read).toHaveBeenCalledTimes(1);
    });
    expect(container.textContent).toBe("");
  });

  it("reads nothing where there is no job, and says why when it can't be read", async () => {
    const read = vi.spyOn(api, "job").mockRejectedValue(new Error("the disk is full"));
    const { rerender } = render(<DocumentLengths dataset={dataset({ tokenize_job_id: null })} />);
    expect(read).not.toHaveBeenCalled();
    rerender(<DocumentLengths dataset={shown} />);
    expect((await screen.findByRole("alert")).textContent).toContain("the disk is full");
  });
});
