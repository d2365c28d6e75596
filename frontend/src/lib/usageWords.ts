import * as f from "@/lib/format";
import type { Operation } from "@/lib/types/job";

/** What a job used, short: "CPU 96% · 1.2 GB"; the processor's mean, of memory the peak, which is what must fit. */
export function usageLine(usage: Operation["usage"]): string {
  if (usage === null || usage === undefined) return f.UNKNOWN;
  const gpus = usage.gpus.filter((gpu) => gpu.memory_bytes !== null).map((gpu) => `GPU ${gpu.gpu_id} ${f.bytes(gpu.memory_bytes?.peak)}`);
  const parts = [...gpus, `CPU ${f.percent(usage.cpu_percent?.mean)}`, f.bytes(usage.rss_bytes?.peak)];
  return `${parts.join(" · ")}${usage.source === "estimated" ? " (estimated)" : ""}`;
}

/** The same in full, a line a reading. */
export function usageTitle(usage: Operation["usage"]): string {
  if (usage === null || usage === undefined) return "What this job used is not known";
  const { cpu_percent: cpu, rss_bytes: rss } = usage;
  return [
    `${usage.source} over ${f.duration(usage.seconds)}`,
    `CPU: mean ${f.percent(cpu?.mean)}, peak ${f.percent(cpu?.peak)} of one core`,
    `memory: mean ${f.bytes(rss?.mean)}, peak ${f.bytes(rss?.peak)}`,
    `read ${f.bytes(usage.read_bytes)}, written ${f.bytes(usage.write_bytes)}`,
    ...usage.gpus.map(
      (gpu) =>
        `GPU ${gpu.gpu_id}: memory mean ${f.bytes(gpu.memory_bytes?.mean)}, peak ${f.bytes(gpu.memory_bytes?.peak)}; ` +
        `use mean ${f.percent(gpu.utilization?.mean)}, peak ${f.percent(gpu.utilization?.peak)}`,
    ),
  ].join("\n");
}
