/** Payloads of `system:metrics`. A reading that could not be taken is null. */

export interface SystemPayload {
  host?: string | null;
  ts: string;
  /** Its place on its channel; what the server remembers of the past has none. */
  epoch?: string;
  seq?: number;
}

export interface CpuMetrics extends SystemPayload {
  percent: number | null;
  count: number | null;
  per_core: (number | null)[] | null;
  load1: number | null;
  load5: number | null;
  load15: number | null;
  frequency_mhz: number | null;
}

export interface MemoryMetrics extends SystemPayload {
  /** `available`: for a new program without swapping; `free`: used for nothing at all, the rest of it is cache. */
  ram: {
    total: number | null;
    used: number | null;
    available: number | null;
    free?: number | null;
    used_percent: number | null;
  } | null;
  swap: { total: number | null; used: number | null; used_percent: number | null } | null;
}

export interface DiskDevice {
  name: string;
  read_rate?: number | null;
  write_rate?: number | null;
  busy_percent?: number | null;
}

export interface Filesystem {
  mount_point: string;
  total: number | null;
  used: number | null;
  free: number | null;
  percent: number | null;
}

export interface DiskMetrics extends SystemPayload {
  read_bytes: number | null;
  write_bytes: number | null;
  read_rate: number | null;
  write_rate: number | null;
  devices: DiskDevice[] | null;
  filesystems: Filesystem[] | null;
}

export interface NetworkInterface {
  name: string;
  sent_rate?: number | null;
  recv_rate?: number | null;
}

export interface NetworkMetrics extends SystemPayload {
  sent_bytes: number | null;
  recv_bytes: number | null;
  sent_rate: number | null;
  recv_rate: number | null;
  interfaces: NetworkInterface[] | null;
}

export interface GpuProcess {
  pid: number;
  job_id?: string | null;
  memory_bytes: number | null;
}

export interface GpuMetrics extends SystemPayload {
  gpu_id: number;
  name: string | null;
  utilization: number | null;
  memory_used: number | null;
  memory_total: number | null;
  memory_percent: number | null;
  temperature: number | null;
  power_usage: number | null;
  power_limit: number | null;
  fan_speed: number | null;
  clock_sm: number | null;
  clock_memory: number | null;
  processes: GpuProcess[] | null;
}

export type AnySystemMetrics = CpuMetrics | MemoryMetrics | DiskMetrics | NetworkMetrics | GpuMetrics;

/** `GET /system/metrics`: the newest payload of each channel, and why there is no GPU. */
export interface SystemSnapshot {
  [channel: `system/${string}` | `hosts/${string}`]: AnySystemMetrics | undefined;
  gpu_reason?: string | null;
}

/** One of `GET /system/hosts`. */
export interface HostInfo {
  host: string;
  /** It is the server's own machine. */
  server: boolean;
  /** Of its newest reading; null: none has come yet. */
  seen_at: string | null;
  /** A reading came within three of its intervals. */
  live: boolean;
  gpus: number[];
}

/** `GET /system/history`, oldest first. */
export interface SystemHistory {
  interval_seconds: number;
  channels: Record<string, AnySystemMetrics[]>;
}

/** Minimum, mean and maximum; null: never read. */
export type ReadingRange = [number, number, number] | null;

/** One step of `GET /system/history?from=&to=`. */
export interface SystemRangeItem {
  ts: string;
  samples: number;
  cpu_percent: ReadingRange;
  memory_used: ReadingRange;
  swap_used: ReadingRange;
  disk_read_rate: ReadingRange;
  disk_write_rate: ReadingRange;
  network_sent_rate: ReadingRange;
  network_recv_rate: ReadingRange;
  gpus: {
    gpu_id: number;
    utilization: ReadingRange;
    memory_used: ReadingRange;
    temperature: ReadingRange;
    power_usage: ReadingRange;
  }[];
}

export interface SystemRange {
  host: string;
  from: string;
  to: string;
  resolution_seconds: number;
  source: "memory" | "disk";
  items: SystemRangeItem[];
}

export interface VersionInfo {
  version: string;
  started_at: string;
  server_time: string;
  instance: string;
}
