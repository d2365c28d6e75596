/** The newest lines of a job's log: what was kept, then what comes live; older ones when they are asked for. */
import { useCallback, useEffect, useRef, useState } from "react";
import { api, messageOf } from "@/lib/api";
import { liveSocket } from "@/lib/socket";
import type { LogLine } from "@/lib/types/job";
import { useFallbackPolling } from "./useFallbackPolling";

const KEEP = 2000;
/** However far somebody reads back: more lines than this are for a file. */
const KEEP_MAX = 20_000;
/** Of a job that writes more than is sent live, what lies between is read at most so often. */
const GAP_MS = 1000;

interface Logs {
  jobId: string | null;
  lines: LogLine[];
  /** Earlier lines exist and are not shown. */
  cut: boolean;
  /** So many are kept here: more once older ones were read. */
  keep: number;
  load: "loading" | "ready" | "error";
  error: string | null;
}

export interface JobLogs extends Logs {
  /** Reads lines before the first one; null: there are none, or as many as are kept here are shown. */
  readOlder: (() => Promise<void>) | null;
}

const NOTHING: Logs = { jobId: null, lines: [], cut: false, keep: KEEP, load: "loading", error: null };

function merge(known: LogLine[], told: LogLine[]): LogLine[] {
  const last = known[known.length - 1]?.seq ?? -1;
  const ordered = told.every((line, i) => line.seq > (told[i - 1]?.seq ?? last));
  if (ordered) return [...known, ...told];
  const bySeq = new Map([...known, ...told].map((line) => [line.seq, line]));
  return [...bySeq.values()].sort((a, b) => a.seq - b.seq);
}

/** `hold`: somebody reads in the middle, so no line is let go at the start for one that comes at the end. */
export function useJobLogs(jobId: string | null, hold = false): JobLogs {
  const [socket] = useState(liveSocket);
  const [logs, setLogs] = useState<Logs>(NOTHING);
  const lastSeq = useRef(0);
  /** The job whose log this is now: an answer about another one comes too late. */
  const shown = useRef(jobId);
  const held = useRef(hold);
  held.current = hold;

  const add = useCallback((id: string, told: LogLine[]) => {
    if (id !== shown.current) return;
    for (const line of told) lastSeq.current = Math.max(lastSeq.current, line.seq);
    setLogs((state) => {
      const same = state.jobId === id;
      const lines = merge(same ? state.lines : [], told);
      const least = same ? state.keep : KEEP;
      const keep = held.current ? Math.min(Math.max(least, lines.length), KEEP_MAX) : least;
      return { jobId: id, lines: lines.slice(-keep), cut: (same && state.cut) || lines.length > keep, keep, load: "ready", error: null };
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

  const firstSeq = logs.lines[0]?.seq;
  const readOlder = useCallback(async () => {
    if (jobId === null || firstSeq === undefined) return;
    try {
      const page = await api.jobLogsBefore(jobId, firstSeq, KEEP);
      if (jobId !== shown.current) return;
      setLogs((state) => {
        if (state.jobId !== jobId) return state;
        const keep = Math.min(state.keep + page.items.length, KEEP_MAX);
        return { ...state, keep, lines: merge(page.items, state.lines).slice(-keep), cut: page.next_before !== null };
      });
    } catch (error) {
      fail(jobId, error);
    }
  }, [jobId, firstSeq, fail]);

  useFallbackPolling(fetchNew);
  return { ...logs, readOlder: logs.cut && logs.keep < KEEP_MAX ? readOlder : null };
}
