/** Copies a text, and says that it did, or that the browser doesn't allow it. */
import { useEffect, useState } from "react";
import { Icon } from "./Icon";

const SAID_MS = 1500;

export function CopyButton({ text, what }: { text: string; what: string }) {
  const [said, setSaid] = useState<"copied" | "not allowed" | null>(null);
  useEffect(() => {
    if (said === null) return;
    const timer = setTimeout(() => {
      setSaid(null);
    }, SAID_MS);
    return () => {
      clearTimeout(timer);
    };
  }, [said]);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setSaid("copied");
    } catch {
      setSaid("not allowed");
    }
  };
  return (
    <button type="button" className="button button-icon size-6" aria-label={`Copy ${what}`} title={said ?? `Copy ${what}`} onClick={() => void copy()}>
      <Icon name={said === "copied" ? "check" : said === null ? "copy" : "close"} size={13} />
      <span role="status" className="sr-only">
        {said ?? ""}
      </span>
    </button>
  );
}
