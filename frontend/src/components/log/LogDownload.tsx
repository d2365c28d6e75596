/** The whole log as a file: read page by page, with how far that is, and stopped by a second click. */
import { useEffect, useRef, useState } from "react";
import { Icon } from "@/components/Icon";
import { messageOf } from "@/lib/api";
import * as f from "@/lib/format";
import { readWholeLog, saveText } from "@/lib/logDownload";

export function LogDownload({ jobId }: { jobId: string }) {
  const [lines, setLines] = useState<number | null>(null);
  const [error, setError] = useState<string | null>(null);
  const reading = useRef<AbortController | null>(null);
  useEffect(() => () => reading.current?.abort(), []);

  const download = async () => {
    if (reading.current !== null) {
      reading.current.abort();
      return;
    }
    const own = new AbortController();
    reading.current = own;
    setError(null);
    setLines(0);
    try {
      const parts = await readWholeLog(jobId, own.signal, setLines);
      saveText(`${jobId}.log`, parts);
    } catch (problem) {
      if (!own.signal.aborted) setError(messageOf(problem));
    } finally {
      reading.current = null;
      setLines(null);
    }
  };

  return (
    <button type="button" className="button" aria-label={lines === null ? "Download the log" : "Stop the download"} title={error ?? undefined} onClick={() => void download()}>
      <Icon name={lines === null ? "download" : "close"} size={12} />
      {error !== null ? <span className="text-red">failed</span> : lines === null ? "Text" : `${f.compact(lines)} lines`}
    </button>
  );
}
