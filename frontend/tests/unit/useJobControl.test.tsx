import { act, renderHook } from "@testing-library/react";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { useJobControl } from "@/hooks/useJobControl";
import { useMilestones } from "@/hooks/useMilestones";
import { operationsStore } from "@/stores/operationsStore";
import { operation } from "../support/samples";

const tell = (changes: Parameters<typeof operation>[0]) => {
  act(() => {
    operationsStore.getState().applyOperation(operation(changes));
  });
};

beforeEach(() => {
  operationsStore.setState(operationsStore.getInitialState(), true);
});

describe("useJobControl", () => {
  it("gives the job as it is known, and nothing of one that is not", () => {
    const { result, rerender } = renderHook(({ id }: { id: string | null }) => useJobControl(id), { initialProps: { id: "job_1" as string | null } });
    expect(result.current.job).toBeUndefined();
    tell({ progress: 70, version: 20 });
    expect(result.current.job?.progress).toBe(70);
    rerender({ id: null });
    expect(result.current.job).toBeUndefined();
  });

  it("asks the job's store, and for nothing where there is no job", () => {
    const control = vi.fn().mockResolvedValue(undefined);
    const retry = vi.fn().mockResolvedValue(true);
    operationsStore.setState({ control, retry });
    const { result, rerender } = renderHook(({ id }: { id: string | null }) => useJobControl(id), { initialProps: { id: "job_1" as string | null } });
    result.current.control("job_1", "pause");
    result.current.retry();
    expect(control).toHaveBeenCalledWith("job_1", "pause");
    expect(retry.mock.calls.map(([id]: unknown[]) => id)).toEqual(["job_1"]);
    rerender({ id: null });
    result.current.retry();
    expect(retry).toHaveBeenCalledTimes(1);
  });
});

describe("useMilestones", () => {
  it("reads again when a job of these types appears or ends, and not at its steps or for others", () => {
    const refetch = vi.fn();
    const types = ["model"];
    renderHook(() => {
      useMilestones(types, refetch);
    });
    expect(refetch).toHaveBeenCalledTimes(1);
    tell({ id: "job_9", entity_type: "training" });
    expect(refetch).toHaveBeenCalledTimes(1);
    tell({ id: "job_2", entity_type: "model", progress: 1 });
    expect(refetch).toHaveBeenCalledTimes(2);
    tell({ id: "job_2", entity_type: "model", progress: 2, version: 18 });
    expect(refetch).toHaveBeenCalledTimes(2);
    tell({ id: "job_2", entity_type: "model", status: "completed", progress: 100, version: 19, finished_at: "2026-01-01T12:02:00.000Z" });
    expect(refetch).toHaveBeenCalledTimes(3);
  });
});
