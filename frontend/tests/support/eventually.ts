/** Waiting with a deadline that a busy machine meets too; what holds is seen at once. */
import { configure } from "@testing-library/react";
import { vi } from "vitest";

const DEADLINE_MS = 15_000;

vi.setConfig({ testTimeout: 2 * DEADLINE_MS });
configure({ asyncUtilTimeout: DEADLINE_MS });

export function eventually(check: () => void): Promise<void> {
  return vi.waitFor(check, { timeout: DEADLINE_MS });
}
