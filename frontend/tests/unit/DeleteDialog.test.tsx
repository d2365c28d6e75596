import { render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { DeleteDialog } from "@/features/trainings/DeleteDialog";
import { ApiError, api } from "@/lib/api";
import { trainingTableStore } from "@/stores/trainingTableStore";
import { rowOf } from "@/lib/trainingTable/row";
import { training } from "../support/samples";

beforeEach(() => {
  const rows = ["trn_a", "trn_b"].map((id) => rowOf(training({ id })));
  trainingTableStore.setState({ rows: new Map(rows.map((row) => [row.id, row])) });
});
afterEach(() => {
  vi.restoreAllMocks();
});

it("says what stays, deletes, and closes", async () => {
  const call = vi.spyOn(api, "deleteTraining").mockResolvedValue({ id: "trn_a", files_kept: "/data/a" });
  const close = vi.fn();
  render(<DeleteDialog trainings={[{ id: "trn_a", name: "first", folder: "/data/a" }]} onClose={close} />);
  const dialog = screen.getByRole("dialog", { name: "Delete first?" });
  expect(within(dialog).getByText("/data/a stays")).toBeInTheDocument();
  expect(call).not.toHaveBeenCalled();
  await userEvent.click(within(dialog).getByRole("button", { name: "Delete" }));
  await vi.waitFor(() => {
    expect(close).toHaveBeenCalledOnce();
  });
  expect([...trainingTableStore.getState().rows.keys()]).toEqual(["trn_b"]);
});

it("of several it says of each that is refused why, and asks for those alone again", async () => {
  const call = vi.spyOn(api, "deleteTraining").mockImplementation((id) =>
    id === "trn_b" ? Promise.reject(new ApiError("the training trn_b is running: cancel its job job_1 first", 409, "conflict")) : Promise.resolve({ id, files_kept: null }),
  );
  const close = vi.fn();
  render(
    <DeleteDialog
      trainings={[
        { id: "trn_c", name: "third" },
        { id: "trn_b", name: "second" },
      ]}
      onClose={close}
    />,
  );
  await userEvent.click(screen.getByRole("button", { name: "Delete" }));
  expect(await screen.findByRole("alert")).toHaveTextContent("second: the training trn_b is running: cancel its job job_1 first");
  expect(close).not.toHaveBeenCalled();
  expect(screen.getByRole("dialog", { name: "Delete second?" })).toBeInTheDocument();
  await userEvent.click(screen.getByRole("button", { name: "Delete" }));
  expect(call.mock.calls.map(([id]) => id)).toEqual(["trn_c", "trn_b", "trn_b"]);
});

it("closed while it deletes, it leaves the others alone", async () => {
  let answer: () => void = () => undefined;
  const call = vi.spyOn(api, "deleteTraining").mockImplementation((id) => new Promise((done) => (answer = () => done({ id, files_kept: null }))));
  const close = vi.fn();
  render(
    <DeleteDialog
      trainings={[
        { id: "trn_a", name: "first" },
        { id: "trn_b", name: "second" },
      ]}
      onClose={close}
    />,
  );
  await userEvent.click(screen.getByRole("button", { name: "Delete" }));
  await userEvent.click(screen.getByRole("button", { name: "Close" }));
  answer();
  await vi.waitFor(() => {
    expect([...trainingTableStore.getState().rows.keys()]).toEqual(["trn_b"]);
  });
  expect(close).toHaveBeenCalledOnce();
  expect(call.mock.calls).toEqual([["trn_a"]]);
});
