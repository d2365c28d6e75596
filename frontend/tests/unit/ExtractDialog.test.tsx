import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ExtractDialog } from "@/features/models/ExtractDialog";
import { dataset, extraction, model } from "../support/catalog";

const answer = vi.fn();
beforeEach(() => {
  vi.stubGlobal("fetch", answer);
});
afterEach(() => {
  vi.unstubAllGlobals();
  answer.mockReset();
});

function show() {
  const onStarted = vi.fn();
  render(<ExtractDialog model={model()} datasets={[dataset()]} onStarted={onStarted} onClose={vi.fn()} />);
  return { onStarted };
}
const plan = () => (screen.getByTestId("extraction-plan").textContent ?? "").replace(/\u202f/g, " ");
const sent = () => JSON.parse((answer.mock.calls[0]?.[1] as { body: string }).body) as Record<string, unknown>;

describe("ExtractDialog", () => {
  it("says what will be written, as it is chosen", async () => {
    show();
    expect(plan()).toBe("Writes about 48.8 MiB: 99,968 vectors of 128, one set.");
    await userEvent.click(screen.getByRole("button", { name: "all" }));
    expect(plan()).toMatch(/195 MiB: .*, 4 sets/);
    await userEvent.click(screen.getByRole("button", { name: "none" }));
    expect(plan()).toBe("How much it writes is known once all is chosen.");
  });

  it("asks for the chosen layers and places, in their order", async () => {
    answer.mockResolvedValue(new Response(JSON.stringify(extraction()), { status: 201 }));
    const { onStarted } = show();
    await userEvent.click(screen.getByLabelText("Layer 3"));
    await userEvent.click(screen.getByLabelText("Layer 0"));
    await userEvent.click(screen.getByLabelText("Attention output"));
    await userEvent.clear(screen.getByLabelText("Samples at most"));
    await userEvent.type(screen.getByLabelText("Samples at most"), "48");
    await userEvent.selectOptions(screen.getByLabelText("Precision on disk"), "f16");
    await userEvent.click(screen.getByRole("button", { name: "Extract" }));
    expect(sent()).toEqual({
      dataset_id: "dst_1",
      layers: [0, 1, 3],
      hooks: ["residual", "attention"],
      context_length: 128,
      batch_size: 32,
      max_samples: 48,
      dtype: "f16",
    });
    expect(onStarted).toHaveBeenCalled();
  });

  it("puts what the server refuses at its field", async () => {
    answer.mockResolvedValue(new Response(JSON.stringify({ error: { code: "validation", field: "context_length", message: "context_length is 999; the model takes 256" } }), { status: 422 }));
    const { onStarted } = show();
    await userEvent.click(screen.getByRole("button", { name: "Extract" }));
    expect(await screen.findByText(/the model takes 256/)).toBeVisible();
    expect(screen.getByLabelText("Tokens a sample")).toHaveAccessibleDescription("context_length is 999; the model takes 256");
    expect(screen.getByRole("button", { name: "Extract" })).toBeEnabled();
    expect(onStarted).not.toHaveBeenCalled();
  });
});
