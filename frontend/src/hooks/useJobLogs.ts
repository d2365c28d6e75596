/** The newest lines of a job's log: what was kept, then what comes live. */
import { useCallback, useEffect, useRef, useState } from "react";
import { api, messageOf } from "@/lib/api";
import { liveSocket } from "@/lib/socket";
import type { LogLine } from "@/lib/types/job";
import { useFallbackPolling } from "./useFallbackPolling";

const KEEP = 2000;
const PAGE = 5000;

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

  const add = useCallback((id: string, told: LogLine[]) => {
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

  const fetchNew = useCallback(async () => {
    if (jobId === null) return;
    try {
      let after = lastSeq.current;
      for (;;) {
        const page = await api.jobLogs(jobId, after, PAGE);
        add(jobId, page.items);
        if (page.items.length < PAGE || page.next_after === null) return;
        after = page.next_after;
      }
    } catch (error) {
      setLogs((state) => ({ ...state, load: state.lines.length > 0 ? "ready" : "error", error: messageOf(error) }));
    }
  }, [jobId, add]);

  useEffect(() => {
    setLogs(NOTHING);
    lastSeq.current = 0;
    if (jobId === null) return;
    // Reading on every answer closes the gap between the read and the first event, and after a loss.
    return socket.subscribe(
      `jobs/${jobId}/logs`,
      {
        "log:lines": (payload) => {
          add(jobId, payload.lines);
        },
      },
      {
        onSubscribed: ({ first, recovered }) => {
          if (!first && !recovered) void fetchNew();
        },
      },
    );
  }, [socket, jobId, add, fetchNew]);

  useEffect(() => {
    void fetchNew();
  }, [fetchNew]);

  useFallbackPolling(fetchNew);
  return logs;
}
