import { act, render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { jobInView, PaletteHost } from "@/app/PaletteHost";
import { CommandPalette } from "@/app/palette/CommandPalette";
import { commandsFor, jobAtHand, type Known } from "@/app/palette/commands";
import { find } from "@/app/palette/find";
import { NAVIGATION } from "@/app/routes";
import { api } from "@/lib/api";
import { noteRecent, recentIds } from "@/lib/recent";
import { readChoice, setTheme } from "@/lib/theme";
import type { Operation } from "@/lib/types/job";
import { operationsStore } from "@/stores/operationsStore";
import { operation } from "../support/samples";

const training = operation({ id: "job_t", name: "sae kjv", entity_id: "trn_1" });
const extraction = operation({ id: "job_x", name: "extract gpt2", kind: "extract", entity_type: "extraction", entity_id: "ext_1", status: "queued", started_at: null });

function known(jobs: Operation[], changes: Partial<Known> = {}): Known {
  return {
    navigation: NAVIGATION,
    operations: Object.fromEntries(jobs.map((job) => [job.id, job])),
    activeOperations: jobs.filter(({ finished_at: at }) => at === null),
    trainings: [],
    models: [],
    datasets: [],
    selected: null,
    ...changes,
  };
}

const titles = (sections: ReturnType<typeof find>) => sections.map(({ title, hits }) => [title, ...hits.map(({ command }) => command.title)].join(" | "));

describe("the commands", () => {
  test("an action means the selected job, or the only one that runs", () => {
    expect(jobAtHand(known([training, extraction]))?.id).toBe("job_t");
    expect(jobAtHand(known([training, extraction], { selected: "job_x" }))?.id).toBe("job_x");
    expect(jobAtHand(known([training, operation({ id: "job_2" })]))).toBeNull();
    expect(jobAtHand(known([training], { selected: "job_gone" }))?.id).toBe("job_t");
  });

  test("only what the job's state allows is offered, and what can't be taken back is asked once more", () => {
    const of = (job: Operation) => commandsFor(known([job])).filter(({ effect }) => "control" in effect);
    expect(of(training).map(({ title }) => title)).toEqual(["Pause sae kjv", "Finish early sae kjv", "Cancel sae kjv"]);
    expect(of(training).map(({ confirm }) => confirm !== undefined)).toEqual([false, true, true]);
    expect(of({ ...training, status: "paused" }).map(({ title }) => title)).toEqual(["Resume sae kjv", "Finish early sae kjv", "Cancel sae kjv"]);
    expect(of({ ...training, status: "cancelling" })).toEqual([]);
    expect(of({ ...training, status: "completed", finished_at: "2026-01-01T12:01:00.000Z" })).toEqual([]);
  });

  test("a training is listed once, by its own name, and has its own page, as other jobs have theirs", () => {
    const commands = commandsFor(known([training, extraction], { trainings: [{ id: "trn_1", name: "sae kjv", status: "running" }] }));
    expect(commands.filter(({ effect }) => "go" in effect && effect.go === "/trainings/trn_1")).toHaveLength(1);
    expect(commands.find(({ id }) => id === "Jobs:job_x")?.effect).toEqual({ go: "/jobs/job_x" });
  });

  test("models and datasets without a name go by their id", () => {
    const commands = commandsFor(known([], { models: [{ id: "mdl_1", name: null }], datasets: [{ id: "dst_1", name: "kjv" }] }));
    expect(commands.map(({ title }) => title)).toContain("mdl_1");
    expect(commands.find(({ id }) => id === "Datasets:dst_1")?.effect).toEqual({ go: "/datasets/dst_1" });
  });
});

describe("what is found", () => {
  const commands = commandsFor(known([training, extraction], { models: [{ id: "mdl_1", name: "gpt2" }] }));

  test("before anything is typed: what is at hand, what was used last, the pages", () => {
    const sections = find(commands, "", ["Jobs:job_x", "page:/system", "theme:dark", "gone"]);
    expect(titles(sections).slice(0, 2)).toEqual(["This job | Pause sae kjv | Finish early sae kjv | Cancel sae kjv", "Recent | extract gpt2 | System Monitor"]);
    expect(sections.map(({ title }) => title)).toEqual(["This job", "Recent", "Go to", "Do"]);
  });

  test("the section with the best hit is first", () => {
    expect(titles(find(commands, "gpt2", []))[0]).toBe("Models | gpt2");
    expect(titles(find(commands, "cancel extr", []))).toEqual(["Jobs | Cancel extract gpt2"]);
    expect(find(commands, "zzz", [])).toEqual([]);
  });

  test("by an id, and what was used before first among equals", () => {
    expect(titles(find(commands, "job_x", []))[0]).toMatch(/^Jobs/);
    const two = commandsFor(known([], { models: [{ id: "mdl_1", name: "same" }, { id: "mdl_2", name: "same" }] }));
    expect(find(two, "same", ["Models:mdl_2"])[0]?.hits[0]?.command.id).toBe("Models:mdl_2");
  });

  test("a section shows seven at most", () => {
    const many = commandsFor(known([], { models: Array.from({ length: 30 }, (_, i) => ({ id: `m${i}`, name: `model ${i}` })) }));
    expect(find(many, "model ", []).find(({ title }) => title === "Models")?.hits).toHaveLength(7);
  });
});

describe("recent entries", () => {
  test("are kept newest first, once each, twelve at most", () => {
    for (let i = 0; i < 14; i += 1) noteRecent(`e${i}`);
    noteRecent("e9");
    expect(recentIds()).toHaveLength(12);
    expect(recentIds().slice(0, 2)).toEqual(["e9", "e13"]);
  });

  test("what isn't a list of ids counts as none, and storage may be forbidden", () => {
    localStorage.setItem("headway.recent", "{");
    expect(recentIds()).toEqual([]);
    localStorage.setItem("headway.recent", '{"a":1}');
    expect(recentIds()).toEqual([]);
    vi.spyOn(Storage.prototype, "setItem").mockImplementation(() => {
      throw new DOMException("denied");
    });
    expect(() => {
      noteRecent("a");
    }).not.toThrow();
  });
});

describe("the palette", () => {
  const closed = vi.fn();
  const helped = vi.fn();

  beforeEach(() => {
    closed.mockClear();
    window.history.replaceState(null, "", "/");
    vi.spyOn(api, "trainings").mockResolvedValue({ items: [], next_cursor: null });
    vi.spyOn(api, "models").mockResolvedValue({ items: [], next_cursor: null });
    vi.spyOn(api, "datasets").mockResolvedValue({ items: [], next_cursor: null });
    operationsStore.setState(operationsStore.getInitialState(), true);
    operationsStore.getState().applyOperation(training);
  });
  afterEach(() => {
    setTheme("system");
    vi.restoreAllMocks();
  });

  async function open(selected: string | null = null) {
    render(<CommandPalette selected={selected} onClose={closed} onHelp={helped} />);
    // The lists that it reads have come.
    await act(async () => Promise.resolve());
    return screen.getByRole("combobox");
  }
  const chosen = () => {
    const id = screen.getByRole("combobox").getAttribute("aria-activedescendant");
    return document.getElementById(id ?? "");
  };

  test("is a combobox: the focus stays in the field, the arrows choose and go round", async () => {
    const field = await open();
    await userEvent.click(field);
    expect(chosen()).toHaveTextContent("Pause sae kjv");
    expect(chosen()).toHaveAttribute("aria-selected", "true");
    await userEvent.keyboard("{ArrowUp}");
    expect(chosen()).toHaveTextContent("Keyboard help");
    await userEvent.keyboard("{ArrowDown}{ArrowDown}");
    expect(chosen()).toHaveTextContent("Finish early sae kjv");
    await userEvent.keyboard("{PageDown}{PageUp}");
    expect(chosen()).toHaveTextContent("Finish early sae kjv");
    expect(field).toHaveFocus();
    expect(screen.getByRole("listbox")).toContainElement(chosen());
    expect(screen.getByRole("status")).toHaveTextContent(/^\d+ found$/);
  });

  test("goes to a page, and remembers it", async () => {
    await userEvent.type(await open(), "sys mon{Enter}");
    expect(window.location.pathname).toBe("/system");
    expect(closed).toHaveBeenCalledTimes(1);
    expect(recentIds()[0]).toBe("page:/system");
  });

  test("a cancel is asked once more; Esc takes the question back", async () => {
    const control = vi.spyOn(api, "controlJob").mockResolvedValue({ ...training, status: "cancelling", version: 99 });
    await userEvent.type(await open(), "cancel{Enter}");
    expect(chosen()).toHaveTextContent("Cancel sae kjv? Once more to do it.");
    expect(control).not.toHaveBeenCalled();
    const dialog = screen.getByRole("dialog");
    const cancelEvent = new Event("cancel", { cancelable: true });
    act(() => {
      dialog.dispatchEvent(cancelEvent);
    });
    expect(cancelEvent.defaultPrevented).toBe(true);
    expect(chosen()).toHaveTextContent(/^Cancel sae kjv/);
    await userEvent.keyboard("{Enter}{Enter}");
    expect(control).toHaveBeenCalledWith("job_t", "cancel");
    expect(closed).toHaveBeenCalledTimes(1);
  });

  test("what the server refuses is said, and the palette stays", async () => {
    vi.spyOn(api, "controlJob").mockRejectedValue(new Error("it has ended"));
    await userEvent.type(await open(), "pause{Enter}");
    expect(await screen.findByRole("alert")).toHaveTextContent("it has ended");
    expect(closed).not.toHaveBeenCalled();
  });

  test("the choice stays with its command while the list changes", async () => {
    await open();
    await userEvent.keyboard("{ArrowDown}{ArrowDown}");
    expect(chosen()).toHaveTextContent("Cancel sae kjv");
    act(() => {
      operationsStore.getState().applyOperation({ ...training, status: "paused", control: "resume", version: 18 });
    });
    expect(chosen()).toHaveTextContent("Cancel sae kjv");
  });

  test("the pointer chooses and does; themes and help are done at once", async () => {
    const field = await open();
    await userEvent.type(field, "dark");
    await userEvent.click(within(screen.getByRole("listbox")).getByText(/theme/));
    expect(readChoice()).toBe("dark");
    await userEvent.clear(field);
    await userEvent.type(field, "keyboard{Enter}");
    expect(helped).toHaveBeenCalledTimes(1);
  });

  test("nothing found is said, and so is a list that can't be read", async () => {
    vi.spyOn(api, "models").mockRejectedValue(new Error("The server can't be reached."));
    await userEvent.type(await open(), "zzzz");
    expect(screen.getByText("Nothing here has these letters.")).toBeInTheDocument();
    expect(screen.getByText(/Some lists can’t be read: The server can't be reached/)).toBeInTheDocument();
    expect(screen.getByRole("combobox")).toHaveAttribute("aria-expanded", "false");
  });

  test("the job that is meant is the focused card's, or the open training's", () => {
    expect(jobInView("/trainings/trn_1")).toBe("job_t");
    expect(jobInView("/trainings/other")).toBeNull();
    expect(jobInView("/models")).toBeNull();
    render(<li data-job-id="job_9" tabIndex={-1} data-testid="card" />);
    screen.getByTestId("card").focus();
    expect(jobInView("/trainings/trn_1")).toBe("job_9");
  });

  test("its code comes when it is wanted", async () => {
    render(<PaletteHost selected={null} onClose={closed} onHelp={helped} />);
    expect(await screen.findByRole("combobox", {}, { timeout: 10_000 })).toBeInTheDocument();
  });
});
