import { act, fireEvent, render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Chart, type ChartProps } from "@/components/Chart";
import { recordCanvas, watchSight, type Recorded } from "../support/canvas";

const format = (value: number | null) => (value === null ? "–" : value.toFixed(2));
const LINE = { label: "", color: "--c1", values: [1, 2, 3] };

let drawn: Recorded;
beforeEach(() => {
  drawn = recordCanvas();
});
afterEach(() => {
  vi.unstubAllGlobals();
});

function chart(changes: Partial<ChartProps> = {}) {
  return <Chart title="Loss" x={[0, 10, 20]} xKind="step" format={format} lines={[LINE]} testId="chart" {...changes} />;
}
function textOf(blob: Blob | undefined): Promise<unknown> {
  return new Promise((done) => {
    const reader = new FileReader();
    reader.onload = () => { done(reader.result); };
    reader.readAsText(blob ?? new Blob());
  });
}
const canvases = () => document.querySelectorAll("canvas").length;
const settled = () => act(() => new Promise((done) => requestAnimationFrame(() => { setTimeout(done, 0); })));
const over = () => document.querySelector(".u-over") ?? document.body;

describe("Chart", () => {
  it("isn't there while it is out of sight, and goes when it goes out of sight [34]", () => {
    const sight = watchSight();
    render(chart());
    expect(canvases()).toBe(0);
    sight.show(true);
    expect(canvases()).toBe(1);
    expect(screen.getByTestId("chart")).toHaveAttribute("data-active", "true");
    sight.show(false);
    expect(canvases()).toBe(0);
  });

  it("says the newest known value, and an en dash for none", () => {
    render(chart({ lines: [{ label: "a", color: "--c1", values: Float64Array.of(1, 2, NaN) }, { label: "b", color: "--c2", values: [null, null, null] }] }));
    const rows = screen.getAllByRole("row").map((row) => row.textContent);
    expect(rows).toEqual(["a2.00", "b–"]);
  });

  it("draws a gap as a gap, and joins what lies around another line's x [33]", async () => {
    render(chart({ x: [0, 1, 2, 3, 4], lines: [{ ...LINE, values: [1, 1, null, 1, 1] }, { label: "b", color: "--c2", values: [1, undefined, 2, undefined, 3] }] }));
    await settled();
    const starts = drawn.strokes.map((stroke) => stroke.filter(([kind]) => kind === "M").length);
    expect(starts).toEqual([2, 1]);
  });

  it("takes new values into the chart there is", async () => {
    const { rerender } = render(chart());
    await settled();
    const canvas = document.querySelector("canvas");
    rerender(chart({ x: [0, 10, 20, 30], lines: [{ ...LINE, values: [1, 2, 3, 4] }] }));
    await settled();
    expect(document.querySelector("canvas")).toBe(canvas);
    expect(screen.getByTestId("chart")).toHaveAttribute("data-points", "4");
    expect(drawn.strokes[0]).toHaveLength(4);
  });

  it("says what it can't draw", () => {
    render(chart({ log: true, lines: [{ ...LINE, values: [0, Infinity, NaN], dense: true }] }));
    expect(screen.getByText("1 not above 0, 1 at +∞, 1 without a value")).toBeInTheDocument();
  });

  it("tells what was dragged over, and resets by double-click", async () => {
    const onZoom = vi.fn();
    render(chart({ onZoom }));
    await settled();
    fireEvent.mouseMove(over(), { clientX: 100, clientY: 20 });
    fireEvent.mouseDown(over(), { clientX: 100, clientY: 20, button: 0 });
    fireEvent.mouseMove(over(), { clientX: 200, clientY: 20, buttons: 1 });
    fireEvent.mouseUp(document, { clientX: 200, clientY: 20, button: 0 });
    await settled();
    expect(onZoom).toHaveBeenCalledTimes(1);
    const [span] = onZoom.mock.calls[0] as [[number, number]];
    expect(span[0]).toBeGreaterThan(0);
    expect(span[1]).toBeGreaterThan(span[0]);
    expect(span[1]).toBeLessThan(20);
    fireEvent.doubleClick(over());
    expect(onZoom).toHaveBeenLastCalledWith(null);
  });

  it("shares the cursor with charts of its group, by the time of their points", async () => {
    render(
      <>
        {chart({ group: "g", clock: [100, 200, 300] })}
        {chart({ group: "g", title: "CPU", xKind: "time", x: [100, 300], clock: [100, 300], lines: [{ label: "", color: "--c2", values: [7, 9] }] })}
      </>,
    );
    await settled();
    const [loss, cpu] = screen.getAllByTestId("chart");
    fireEvent.mouseMove(loss?.querySelector(".u-over") ?? document.body, { clientX: 1, clientY: 20 });
    await settled();
    expect(loss?.textContent).toContain("step 0");
    expect(within(cpu ?? document.body).getAllByText("7.00")).not.toHaveLength(0);
  });

  it("gives what it shows as a table, as CSV and as a picture", async () => {
    const user = userEvent.setup();
    const saved: Blob[] = [];
    const names: string[] = [];
    vi.stubGlobal("URL", Object.assign(URL, { createObjectURL: (blob: Blob) => { saved.push(blob); return "blob:x"; }, revokeObjectURL: () => {} }));
    vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(function (this: HTMLAnchorElement) { names.push(this.download); });
    vi.spyOn(HTMLCanvasElement.prototype, "toBlob").mockImplementation((done) => { done(new Blob(["png"])); });
    render(chart({ exportAs: "my run", lines: [{ ...LINE, values: [1, Infinity, NaN] }] }));
    const menu = screen.getByRole("button", { name: "Loss: save, or show as a table" });

    await user.click(menu);
    await user.click(screen.getByRole("menuitem", { name: "Save as CSV" }));
    expect(menu).toHaveFocus();
    expect(await textOf(saved[0])).toBe("step,Loss\r\n0,1\r\n10,inf\r\n");
    await user.click(menu);
    await user.click(screen.getByRole("menuitem", { name: "Save as PNG" }));
    expect(names).toEqual(["my-run-Loss.csv", "my-run-Loss.png"]);
    expect(drawn.calls["drawImage"]).toBe(1);

    await user.click(menu);
    await user.click(screen.getByRole("menuitem", { name: "Show as a table" }));
    const table = screen.getByRole("region", { name: "Loss: table" });
    expect(within(table).getAllByRole("row").map((row) => [...row.querySelectorAll("th,td")].map((cell) => cell.textContent))).toEqual([["step", "Loss"], ["0", "1.00"], ["10", "+∞"]]);
  });

  it("opens its menu by keyboard, moves in it, and gives the focus back", async () => {
    const user = userEvent.setup();
    render(chart());
    const menu = screen.getByRole("button", { name: "Loss: save, or show as a table" });
    menu.focus();
    await user.keyboard("{Enter}{ArrowDown}{ArrowDown}");
    expect(screen.getByRole("menuitem", { name: "Save as PNG" })).toHaveFocus();
    await user.keyboard("{ArrowDown}{End}{Home}{ArrowUp}{Escape}");
    expect(screen.queryByRole("menu")).toBeNull();
    expect(menu).toHaveFocus();
    await user.click(menu);
    await user.click(document.body);
    expect(screen.queryByRole("menu")).toBeNull();
  });
});
