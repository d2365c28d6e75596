/** The newest lines of a job's log: what was kept, then what comes live. */
import { useCallback, useEffect, useRef, useState } from "react";
import { api, messageOf } from "@/lib/api";
import { liveSocket } from "@/lib/socket";
import type { LogLine } from "@/lib/types/job";
import { useFallbackPolling } from "./useFallbackPolling";

const KEEP = 2000;
/** Of a job that writes more than is sent live, what lies between is read at most so often. */
const GAP_MS = 1000;

interface Logs {
  jobId: string | null;
  lines: LogLine[];
  /** Earlier lines exist and are not shown. */
  cut: boolean;
  load: "loading" | "ready" | "error";
  error: string | null;
}

const NOTHING: Logs = { jobId: null, lines: [], cut: false, load: "loading", error: null };

function merge(known: LogLine[], told: LogLine[]): LogLine[] {
  const last = known[known.length - 1]?.seq ?? -1;
  const ordered = told.every((line, i) => line.seq > (told[i - 1]?.seq ?? last));
  if (ordered) return [...known, ...told];
  const bySeq = new Map([...known, ...told].map((line) => [line.seq, line]));
  return [...bySeq.values()].sort((a, b) => a.seq - b.seq);
}

export function useJobLogs(jobId: string | null): Logs {
  const [socket] = useState(liveSocket);
  const [logs, setLogs] = useState<Logs>(NOTHING);
  const lastSeq = useRef(0);
  /** The job whose log this is now: an answer about another one comes too late. */
  const shown = useRef(jobId);

  const add = useCallback((id: string, told: LogLine[]) => {
    if (id !== shown.current) return;
    for (const line of told) lastSeq.current = Math.max(lastSeq.current, line.seq);
    setLogs((state) => {
      const lines = merge(state.jobId === id ? state.lines : [], told);
      return {
        jobId: id,
        lines: lines.slice(-KEEP),
        cut: (state.jobId === id && state.cut) || lines.length > KEEP,
        load: "ready",
        error: null,
      };
    });
  }, []);

  const fetchTail = useCallback(async () => {
    if (jobId === null) return;
    const page = await api.jobLogTail(jobId, KEEP);
    add(jobId, page.items);
    if (page.next_before !== null) setLogs((state) => (state.jobId === jobId ? { ...state, cut: true } : state));
  }, [jobId, add]);

  const fail = useCallback((id: string, error: unknown) => {
    if (id !== shown.current) return;
    setLogs((state) => ({ ...state, load: state.lines.length > 0 ? "ready" : "error", error: messageOf(error) }));
  }, []);

  // However much was written meanwhile, two reads at most: only the newest lines are shown.
  const fetchNew = useCallback(async () => {
    if (jobId === null) return;
    try {
      if (lastSeq.current > 0) {
        const page = await api.jobLogs(jobId, lastSeq.current, KEEP);
        add(jobId, page.items);
        if (page.items.length < KEEP) return;
      }
      await fetchTail();
    } catch (error) {
      fail(jobId, error);
    }
  }, [jobId, add, fail, fetchTail]);

  useEffect(() => {
    setLogs(NOTHING);
    lastSeq.current = 0;
    shown.current = jobId;
    if (jobId === null) return;
    let gap: ReturnType<typeof setTimeout> | null = null;
    const fillGap = () => {
      gap ??= setTimeout(() => {
        gap = null;
        fetchTail().catch((error: unknown) => {
          fail(jobId, error);
        });
      }, GAP_MS);
    };
    // Reading on every answer closes the gap between the read and the first event, and after a loss.
    const unsubscribe = socket.subscribe(
      `jobs/${jobId}/logs`,
      {
        "log:lines": (payload) => {
          const first = payload.lines[0]?.seq ?? 0;
          if (first > lastSeq.current + 1) fillGap();
          add(jobId, payload.lines);
        },
      },
      {
        onSubscribed: ({ first, recovered }) => {
          if (!first && !recovered) void fetchNew();
        },
      },
    );
    return () => {
      if (gap !== null) clearTimeout(gap);
      unsubscribe();
    };
  }, [socket, jobId, add, fail, fetchNew, fetchTail]);

  useEffect(() => {
    void fetchNew();
  }, [fetchNew]);

  useFallbackPolling(fetchNew);
  return logs;
}
