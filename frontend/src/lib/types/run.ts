/** What surrounds a run: its phases and attempts, and the machine meanwhile. */

/** A snapshot of `GET /progress-history`: of its metrics what tells where attempts and phases began. */
export interface RunSnapshot {
  timestamp: string;
  progress: number | null;
  metrics: {
    attempt?: number;
    status?: string;
    phase?: string | null;
    elapsed_seconds?: number;
    phases?: { name: string; seconds: number }[];
    step?: number;
  };
}

/** Lowest, mean, highest; null: never taken. */
export type Spread = [number, number, number] | null;

export interface MachineItem {
  ts: string;
  samples: number;
  cpu_percent: Spread;
  memory_used: Spread;
  swap_used: Spread;
  disk_read_rate: Spread;
  disk_write_rate: Spread;
  network_sent_rate: Spread;
  network_recv_rate: Spread;
  gpus: { gpu_id: number; utilization: Spread; memory_used: Spread; temperature: Spread; power_usage: Spread }[];
}

/** `GET /system/history?from=&to=` */
export interface MachineHistory {
  host: string | null;
  from: string;
  to: string;
  resolution_seconds: number;
  source: "memory" | "disk";
  items: MachineItem[];
}
