/** The channels of the machine: what each chart shows of a payload, and which of two payloads is the newer one. */
import type {
  AnySystemMetrics,
  CpuMetrics,
  DiskMetrics,
  GpuMetrics,
  MemoryMetrics,
  NetworkMetrics,
} from "./types/system";

/**
 * A machine's channels by the names that the server's own have, `system/…`: stores, charts and panels know no others. Another
 * machine's are told as `hosts/{host}/…`; `host` null is the server's own.
 */
export function channelOn(host: string | null, channel: string): string {
  return host === null ? channel : `hosts/${host}/${channel.slice("system/".length).replace("gpu/", "gpu-")}`;
}

/** The other way; null: it is none of this machine's. */
export function channelTold(host: string | null, name: string): string | null {
  const prefix = host === null ? "system/" : `hosts/${host}/`;
  if (!name.startsWith(prefix)) return null;
  return host === null ? name : `system/${name.slice(prefix.length).replace(/^gpu-/, "gpu/")}`;
}

export function gpuIndex(channel: string): number | null {
  const match = /^system\/gpu\/(\d+)$/.exec(channel);
  return match?.[1] === undefined ? null : Number(match[1]);
}

/** How many lines a channel's history has. */
export function chartWidth(channel: string): number {
  if (channel === "system/cpu") return 1;
  return gpuIndex(channel) === null ? 2 : 4;
}

export function chartRow(channel: string, payload: AnySystemMetrics): (number | null)[] {
  switch (channel) {
    case "system/cpu":
      return [(payload as CpuMetrics).percent];
    case "system/memory": {
      const { ram, swap } = payload as MemoryMetrics;
      return [ram?.used_percent ?? null, swap?.used_percent ?? null];
    }
    case "system/disk": {
      const disk = payload as DiskMetrics;
      return [disk.read_rate, disk.write_rate];
    }
    case "system/network": {
      const network = payload as NetworkMetrics;
      return [network.recv_rate, network.sent_rate];
    }
    default: {
      const gpu = payload as GpuMetrics;
      return [gpu.utilization, gpu.memory_percent, gpu.temperature, gpu.power_usage];
    }
  }
}

/** Filesystems' free bytes are a history of their own, by mount point: what is written must fit what is left. */
export function filesystemRows(payload: AnySystemMetrics): [string, number | null][] {
  const { filesystems } = payload as DiskMetrics;
  return (filesystems ?? []).map(({ mount_point, free }) => [mount_point, free]);
}

/**
 * Whether `told` is newer than `known`. Within an epoch the channel's own count says so. Across epochs, and where there is no count,
 * it is newer if it was asked for after the other had come, or by the server's clock.
 */
export function isNewer(told: AnySystemMetrics, known: AnySystemMetrics | undefined, askedAfterKnown: boolean): boolean {
  if (known === undefined) return true;
  if (told.epoch !== undefined && told.epoch === known.epoch && told.seq !== undefined && known.seq !== undefined) {
    return told.seq > known.seq;
  }
  if (told.ts === known.ts) return false;
  return askedAfterKnown || Date.parse(told.ts) > Date.parse(known.ts);
}
