import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { AddPanel } from "@/components/AddPanel";
import { navigate } from "@/lib/router";

function show(answers: { import?: unknown; download?: unknown } = {}) {
  const onImport = vi.fn().mockResolvedValue(answers.import ?? null);
  const onDownload = vi.fn().mockResolvedValue(answers.download ?? null);
  render(
    <AddPanel
      what="model"
      path={{ placeholder: "/models/gpt2", hint: "A folder." }}
      hub={{ placeholder: "owner/name", hint: "From the hub.", fields: [{ name: "revision", label: "Revision", placeholder: "main" }] }}
      onImport={onImport}
      onDownload={onDownload}
    />,
  );
  return { onImport, onDownload };
}

beforeEach(() => {
  navigate("/models");
});

describe("AddPanel", () => {
  it("imports by path, without the spaces around it, and is empty afterwards", async () => {
    const { onImport } = show();
    await userEvent.type(screen.getByLabelText("Path on the server"), "  /models/x ");
    await userEvent.click(screen.getByRole("button", { name: "Import model" }));
    expect(onImport).toHaveBeenCalledWith("/models/x", "");
    expect(screen.getByLabelText("Path on the server")).toHaveValue("");
  });

  it("keeps what was typed and says at the field what is wrong with it", async () => {
    const { onDownload } = show({ download: { field: "revision", message: "no such branch" } });
    await userEvent.click(screen.getByRole("button", { name: "From a hub" }));
    expect(window.location.search).toBe("?add=hub");
    await userEvent.type(screen.getByLabelText("Repository"), "a/b");
    await userEvent.type(screen.getByLabelText("Revision"), "x y");
    await userEvent.click(screen.getByRole("button", { name: "Download model" }));
    expect(onDownload).toHaveBeenCalledWith({ repo_id: "a/b", revision: "x y", name: "" });
    const field = screen.getByLabelText("Revision");
    expect(field).toHaveAttribute("aria-invalid", "true");
    expect(field).toHaveAccessibleDescription("no such branch");
    expect(screen.getByLabelText("Repository")).toHaveValue("a/b");
    expect(screen.getByLabelText("Repository")).toHaveAttribute("aria-invalid", "false");
  });

  it("says below the form what is wrong with none of its fields", async () => {
    show({ import: { field: null, message: "The server can't be reached." } });
    await userEvent.type(screen.getByLabelText("Path on the server"), "/x");
    await userEvent.click(screen.getByRole("button", { name: "Import model" }));
    expect(await screen.findByRole("alert")).toHaveTextContent("The server can't be reached.");
  });

  it("asks for nothing while the first field is empty", () => {
    show();
    expect(screen.getByRole("button", { name: "Import model" })).toBeDisabled();
  });
});
