/** Stands for uPlot where there is no canvas: `vi.mock("uplot", () => import("../../support/uplot"))`. What a chart says in words stays real. */
export default class NoPlot {
  width: number;
  data: unknown;
  constructor({ width }: { width: number }, data: unknown) {
    this.width = width;
    this.data = data;
  }
  setData(data: unknown): void {
    this.data = data;
  }
  setSize({ width }: { width: number }): void {
    this.width = width;
  }
  setCursor(): void {}
  valToPos(): number {
    return 0;
  }
  destroy(): void {}
}
