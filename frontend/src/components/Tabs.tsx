/** Tabs of a page: arrows move between them, and the chosen one is in the page's address. */
import { useId, type KeyboardEvent, type ReactNode } from "react";

export interface Tab {
  key: string;
  word: string;
  /** Beside the word, quieter: a count. */
  note?: string | undefined;
  render: () => ReactNode;
}

interface Props {
  label: string;
  tabs: Tab[];
  chosen: string;
  onChoose: (key: string) => void;
}

export function Tabs({ label, tabs, chosen, onChoose }: Props) {
  const id = useId();
  const current = tabs.find((tab) => tab.key === chosen) ?? tabs[0];
  const keys = (event: KeyboardEvent<HTMLDivElement>) => {
    const at = tabs.findIndex((tab) => tab.key === current?.key);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const next = tabs[(to + tabs.length) % tabs.length];
    if (next === undefined) return;
    onChoose(next.key);
    document.getElementById(`${id}-${next.key}`)?.focus();
  };
  return (
    <div className="min-w-0">
      <div role="tablist" aria-label={label} className="mb-4 flex gap-1 overflow-x-auto border-b border-line" onKeyDown={keys}>
        {tabs.map((tab) => {
          const selected = tab.key === current?.key;
          return (
            <button
              key={tab.key}
              id={`${id}-${tab.key}`}
              type="button"
              role="tab"
              aria-selected={selected}
              aria-controls={`${id}-panel`}
              tabIndex={selected ? 0 : -1}
              className={`-mb-px h-9 border-b-2 px-3 text-sm whitespace-nowrap ${selected ? "border-accent font-medium" : "border-transparent text-muted hover:text-fg"}`}
              onClick={() => {
                onChoose(tab.key);
              }}
            >
              {tab.word}
              {tab.note !== undefined && <span className="ml-1.5 text-xs font-normal text-faint">{tab.note}</span>}
            </button>
          );
        })}
      </div>
      <div role="tabpanel" id={`${id}-panel`} aria-labelledby={`${id}-${current?.key ?? ""}`} className="min-w-0">
        {current?.render()}
      </div>
    </div>
  );
}
