/** Adds and removes runs: every training, and every other job, newest first, found by name, kind, state or id. */
import { useEffect, useId, useMemo, useRef, useState } from "react";
import { FilterField } from "@/components/FilterField";
import { ErrorNote, Skeleton } from "@/components/States";
import { StatusBadge } from "@/components/StatusBadge";
import { useComparisonStore } from "@/hooks/useComparison";
import { useNow } from "@/hooks/useNow";
import { RUNS_MAX } from "@/lib/compareAddress";
import * as f from "@/lib/format";
import { kindWord } from "@/lib/jobWords";
import { comparisonStore, type Candidate } from "@/stores/comparisonStore";

interface Props {
  ids: string[];
  onChange: (ids: string[]) => void;
  onClose: () => void;
}

const SHOWN = 100;
const NOW_MS = 30_000;

export function findCandidates(candidates: readonly Candidate[], text: string): Candidate[] {
  const words = text.toLowerCase().split(/\s+/).filter((word) => word !== "");
  return candidates.filter(({ id, name, kind, status }) => {
    const all = `${name ?? ""} ${id} ${kind} ${kindWord(kind)} ${status}`.toLowerCase();
    return words.every((word) => all.includes(word));
  });
}

export function RunPicker({ ids, onChange, onClose }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const filter = useRef<HTMLInputElement>(null);
  const titleId = useId();
  const [text, setText] = useState("");
  const now = useNow(NOW_MS);
  const candidates = useComparisonStore((state) => state.candidates);
  const load = useComparisonStore((state) => state.candidatesLoad);
  const error = useComparisonStore((state) => state.candidatesError);
  const cut = useComparisonStore((state) => state.candidatesCut);
  const { fetchCandidates } = comparisonStore.getState();

  useEffect(() => {
    const element = dialog.current;
    element?.showModal();
    filter.current?.focus();
    void fetchCandidates();
    return () => {
      element?.close();
    };
  }, [fetchCandidates]);

  // What is compared stands first, as it was when the dialog opened: rows don't jump when they are ticked.
  const [first] = useState(() => new Set(ids));
  const found = useMemo(() => {
    const all = findCandidates(candidates, text);
    return [...all.filter(({ id }) => first.has(id)), ...all.filter(({ id }) => !first.has(id))];
  }, [candidates, text, first]);
  const full = ids.length >= RUNS_MAX;
  const typed = text.trim();
  const unlisted = /^[a-z]{3}_\w+$/.test(typed) && !candidates.some(({ id }) => id === typed) ? typed : null;
  const toggle = (id: string) => {
    onChange(ids.includes(id) ? ids.filter((each) => each !== id) : [...ids, id]);
  };
  // Closed as an element first, it gives the focus back to where that was; then it goes.
  return (
    <dialog
      ref={dialog}
      aria-labelledby={titleId}
      onClose={(event) => {
        // The event comes late: an effect that React runs twice may have opened it again.
        if (!event.currentTarget.open) onClose();
      }}
      className="panel w-[min(620px,calc(100vw-32px))] p-0 text-fg shadow-xl"
    >
      <div className="flex flex-wrap items-center gap-3 px-5 pt-4 pb-3">
        <h2 id={titleId} className="text-base font-semibold">
          Runs to compare
        </h2>
        <span className="text-xs text-muted">
          {ids.length} of {RUNS_MAX}
        </span>
        <div className="ml-auto max-sm:w-full">
          <FilterField ref={filter} value={text} onChange={setText} label="Find runs" />
        </div>
      </div>
      <div className="h-[min(420px,55vh)] overflow-y-auto border-y border-line" tabIndex={0} role="group" aria-label="Runs">
        {error !== null && (
          <div className="p-4">
            <ErrorNote onRetry={() => void fetchCandidates()}>The runs can't be listed: {error}</ErrorNote>
          </div>
        )}
        {load === "loading" && <Skeleton className="m-4 h-40" />}
        {load === "ready" && found.length === 0 && unlisted === null && (
          <p className="px-5 py-4 text-sm text-muted">{candidates.length === 0 ? "There is no run yet." : "None matches."}</p>
        )}
        {unlisted !== null && (
          <button type="button" className="button m-3" disabled={full || ids.includes(unlisted)} onClick={() => { toggle(unlisted); }}>
            Add {unlisted}
          </button>
        )}
        <ul>
          {found.slice(0, SHOWN).map((run) => {
            const on = ids.includes(run.id);
            return (
              <li key={run.id}>
                <label className={`flex items-center gap-3 px-5 py-1.5 hover:bg-raised/60 ${full && !on ? "text-faint" : ""}`}>
                  <input type="checkbox" className="size-3.5 shrink-0 accent-accent" checked={on} disabled={full && !on} onChange={() => { toggle(run.id); }} />
                  <span className="min-w-0 flex-1">
                    <span className="block truncate text-sm">{run.name ?? run.id}</span>
                    <span className="block truncate text-2xs text-muted">
                      {kindWord(run.kind)} · {f.time(run.created_at, now)} · <span className="font-mono">{run.id}</span>
                    </span>
                  </span>
                  <StatusBadge status={run.status} />
                </label>
              </li>
            );
          })}
        </ul>
        {(found.length > SHOWN || cut) && (
          <p className="px-5 py-3 text-xs text-muted">
            {found.length > SHOWN ? `The newest ${SHOWN} of ${f.count(found.length)}: a word more finds the others.` : "Older runs are not listed: their id finds them."}
          </p>
        )}
      </div>
      <div className="flex items-center justify-end gap-3 px-5 py-3">
        {full && <span className="mr-auto text-xs text-muted">More than {RUNS_MAX} can't be compared at once.</span>}
        <button type="button" className="button button-primary" onClick={() => dialog.current?.close()}>
          Done
        </button>
      </div>
    </dialog>
  );
}
