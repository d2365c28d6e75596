/** What uses the machine: each resource's level, and which job holds how much of it. */
import { Link } from "@/components/Link";
import { Meter } from "@/components/Meter";
import { Panel } from "@/components/Panel";
import * as f from "@/lib/format";
import type { CpuMetrics, GpuMetrics, MemoryMetrics } from "@/lib/types/system";
import type { JobShare, SystemResources } from "@/stores/operationsStore";

interface Props {
  cpu: CpuMetrics | null;
  memory: MemoryMetrics | null;
  gpus: GpuMetrics[];
  gpuReason: string | null;
  shares: SystemResources;
  stale: boolean;
}

export function ResourceCorrelationVisualization({ cpu, memory, gpus, gpuReason, shares, stale }: Props) {
  const ram = memory?.ram ?? null;
  const cores = cpu?.count ?? null;
  return (
    <Panel
      title="Resources"
      note={cpu?.host ?? undefined}
      stale={stale}
      testId="resources"
      actions={
        <Link href="/system" className="text-xs text-muted hover:text-accent">
          System Monitor
        </Link>
      }
    >
      <div className="grid gap-x-8 gap-y-4 md:grid-cols-2 xl:grid-cols-3">
        <Resource
          name="CPU"
          level={f.percent(cpu?.percent)}
          detail={cores === null ? "" : `${cores} ${cores === 1 ? "core" : "cores"}`}
          value={cpu?.percent ?? null}
          shares={shares.cpu}
          part={(share) => (cores === null ? 0 : share.amount / cores)}
          amount={(value) => f.percent(value)}
          // A level of the whole machine is its cores times 100.
          rest={cpu?.percent === null || cpu?.percent === undefined || cores === null ? null : cpu.percent * cores}
        />
        <Resource
          name="Memory"
          level={f.percent(ram?.used_percent)}
          detail={ram === null ? "" : `${f.bytes(ram.used)} of ${f.bytes(ram.total)}`}
          value={ram?.used_percent ?? null}
          shares={shares.memory}
          part={(share) => (ram?.total === null || ram?.total === undefined ? 0 : (share.amount / ram.total) * 100)}
          amount={f.bytes}
          rest={ram?.used ?? null}
        />
        {gpus.map((gpu) => (
          <Resource
            key={gpu.gpu_id}
            name={`GPU ${gpu.gpu_id}`}
            level={f.percent(gpu.utilization)}
            detail={`${f.bytes(gpu.memory_used)} of ${f.bytes(gpu.memory_total)}`}
            value={gpu.memory_percent}
            shares={shares.gpus[gpu.gpu_id] ?? []}
            part={(share) => (gpu.memory_total === null ? 0 : (share.amount / gpu.memory_total) * 100)}
            amount={f.bytes}
            rest={gpu.memory_used}
          />
        ))}
        {gpus.length === 0 && (
          <div className="min-w-0">
            <div className="text-sm font-medium">GPU</div>
            <p className="mt-0.5 text-xs text-muted">{gpuReason === null ? "None found so far." : `None: ${gpuReason}`}</p>
          </div>
        )}
      </div>
    </Panel>
  );
}

interface ResourceProps {
  name: string;
  level: string;
  detail: string;
  value: number | null;
  shares: JobShare[];
  /** A share's percent of the whole. */
  part: (share: JobShare) => number;
  amount: (value: number | null) => string;
  /** All that is used, in the shares' unit. */
  rest: number | null;
}

function Resource({ name, level, detail, value, shares, part, amount, rest }: ResourceProps) {
  const attributed = shares.reduce((sum, share) => sum + share.amount, 0);
  const unattributed = rest === null ? null : Math.max(0, rest - attributed);
  // A job's reading and the machine's are taken at different moments: the bar never shows more than the machine's.
  let room = value ?? 0;
  const segments = shares.map((share) => {
    const width = Math.min(part(share), room);
    room -= width;
    return { key: share.id, value: width, attributed: true };
  });
  segments.push({ key: "unattributed", value: room, attributed: false });
  return (
    <div className="min-w-0">
      <div className="flex items-baseline gap-2">
        <span className="text-sm font-medium">{name}</span>
        <span className="min-w-0 flex-1 truncate text-xs text-faint">{detail}</span>
        <span className="text-sm font-semibold">{level}</span>
      </div>
      <Meter label={`${name} used`} value={value} segments={segments} className="mt-1 h-1.5" />
      <p className="mt-1 line-clamp-2 text-xs text-muted">
        {shares.map((share) => (
          <span key={share.id}>
            <span className="text-fg">{share.name}</span> {amount(share.amount)}
            {share.estimated && " (estimated)"} ·{" "}
          </span>
        ))}
        unattributed {amount(unattributed)}
      </p>
    </div>
  );
}
