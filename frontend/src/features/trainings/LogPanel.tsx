/** The log's tail, with search. It follows new lines as long as its end is in view. */
import { useEffect, useMemo, useRef, useState } from "react";
import { Panel } from "@/components/Panel";
import { useJobLogs } from "@/hooks/useJobLogs";
import * as f from "@/lib/format";

const SHOWN = 500;

export function LogPanel({ jobId }: { jobId: string | null }) {
  const { lines, cut, load, error } = useJobLogs(jobId);
  const [text, setText] = useState("");
  const box = useRef<HTMLDivElement>(null);
  const follow = useRef(true);
  const found = useMemo(() => {
    const wanted = text.toLowerCase();
    return wanted === "" ? lines : lines.filter((line) => line.text.toLowerCase().includes(wanted));
  }, [lines, text]);
  const shown = found.slice(-SHOWN);

  useEffect(() => {
    const element = box.current;
    if (element !== null && follow.current) element.scrollTop = element.scrollHeight;
  }, [shown.length, found]);

  return (
    <Panel
      title="Log"
      note={text === "" ? `${f.count(lines.length)}${cut ? "+" : ""} lines` : `${f.count(found.length)} of ${f.count(lines.length)} lines`}
      bodyClassName=""
      testId="log"
      actions={
        <input
          type="search"
          aria-label="Search the log"
          placeholder="Search"
          className="field w-40"
          value={text}
          onChange={(event) => {
            setText(event.target.value);
          }}
        />
      }
    >
      <div
        ref={box}
        tabIndex={0}
        role="log"
        aria-live="off"
        aria-label="Log lines"
        onScroll={(event) => {
          const { scrollTop, scrollHeight, clientHeight } = event.currentTarget;
          follow.current = scrollHeight - scrollTop - clientHeight < 24;
        }}
        className="max-h-80 min-h-20 overflow-auto border-t border-line px-4 py-2 font-mono text-xs leading-[18px]"
      >
        {load === "error" && lines.length === 0 && <p className="text-red">{error}</p>}
        {shown.length === 0 && load !== "error" && (
          <p className="font-sans text-muted">{load === "loading" ? "Reading…" : text === "" ? "Nothing was written." : "No line matches."}</p>
        )}
        {(cut || found.length > SHOWN) && <p className="font-sans text-faint">Earlier lines are kept; these are the newest.</p>}
        {shown.map((line) => (
          <div key={line.seq} className="flex gap-3">
            <span className="shrink-0 text-faint select-none">{f.timeWithSeconds(line.ts)}</span>
            <span className={`min-w-0 break-words whitespace-pre-wrap ${line.stream === "stderr" ? "text-amber" : ""}`}>{line.text}</span>
          </div>
        ))}
      </div>
    </Panel>
  );
}
