/**
 * Ctrl-K: goes to a page, finds a job, training, model or dataset, asks something of a job. A combobox: the focus stays in the field, and
 * the arrows choose below it.
 */
import { useEffect, useId, useMemo, useRef, useState } from "react";
import { Dialog } from "@/components/Dialog";
import { Icon } from "@/components/Icon";
import { noteRecent, recentIds } from "@/lib/recent";
import { navigate } from "@/lib/router";
import { setTheme } from "@/lib/theme";
import { operationsStore } from "@/stores/operationsStore";
import type { Command } from "./commands";
import { find } from "./find";
import { Option } from "./Option";
import { useCommands } from "./useCommands";

const PAGE = 8;

interface Props {
  selected: string | null;
  onHelp: () => void;
  onClose: () => void;
}

export function CommandPalette({ selected, onHelp, onClose }: Props) {
  const { commands, error } = useCommands(selected);
  const [query, setQuery] = useState("");
  /** By its id, so that a list that changes meanwhile moves the choice with its command. */
  const [active, setActive] = useState<string | null>(null);
  const [asking, setAsking] = useState<string | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [recent] = useState(recentIds);
  const list = useRef<HTMLUListElement>(null);
  const id = useId();
  const sections = useMemo(() => find(commands, query, recent), [commands, query, recent]);
  const hits = useMemo(() => sections.flatMap((section) => section.hits), [sections]);
  const at = Math.max(hits.findIndex(({ command }) => command.id === active), 0);

  const choose = (to: string | null) => {
    setActive(to);
    setAsking(null);
  };
  useEffect(() => {
    list.current?.querySelector("[aria-selected=true]")?.scrollIntoView?.({ block: "nearest" });
  }, [at, hits]);

  const run = async (command: Command) => {
    setProblem(null);
    setActive(command.id);
    if (command.confirm !== undefined && asking !== command.id) {
      setAsking(command.id);
      return;
    }
    noteRecent(command.id);
    const { effect } = command;
    if ("control" in effect) {
      await operationsStore.getState().control(effect.jobId, effect.control);
      const refused = operationsStore.getState().actionErrors[effect.jobId];
      setAsking(null);
      if (refused !== undefined) {
        setProblem(refused);
        return;
      }
    }
    onClose();
    if ("go" in effect) navigate(effect.go);
    else if ("theme" in effect) setTheme(effect.theme);
    else if ("help" in effect) onHelp();
  };

  const onKey = (event: React.KeyboardEvent) => {
    const last = hits.length - 1;
    const moves: Record<string, number> = {
      ArrowDown: at >= last ? 0 : at + 1,
      ArrowUp: at <= 0 ? last : at - 1,
      PageDown: Math.min(at + PAGE, last),
      PageUp: Math.max(at - PAGE, 0),
    };
    const to = moves[event.key];
    const hit = hits[at];
    if (to !== undefined) choose(hits[to]?.command.id ?? null);
    else if (event.key === "Enter" && !event.nativeEvent.isComposing && hit !== undefined) void run(hit.command);
    else return;
    event.preventDefault();
  };

  return (
    <Dialog
      label="Go to, find, do"
      onClose={onClose}
      onEscape={() => {
        setAsking(null);
        return asking !== null;
      }}
      className="mt-[max(12px,10dvh)] mb-auto w-[min(620px,calc(100vw-24px))]"
    >
      <div className="flex items-center gap-2.5 border-b border-line px-4">
        <Icon name="search" className="text-faint" />
        <input
          type="text"
          role="combobox"
          aria-label="Go to, find, do"
          aria-expanded={hits.length > 0}
          aria-controls={`${id}-list`}
          aria-activedescendant={hits.length > 0 ? `${id}-${at}` : undefined}
          aria-autocomplete="list"
          autoComplete="off"
          autoCapitalize="off"
          spellCheck={false}
          maxLength={80}
          autoFocus
          placeholder="A page, a job, a model …"
          value={query}
          onChange={(event) => {
            setQuery(event.target.value);
            setProblem(null);
            choose(null);
          }}
          onKeyDown={onKey}
          className="h-12 min-w-0 flex-1 bg-transparent text-base outline-none placeholder:text-faint"
        />
        <button type="button" className="button" onClick={onClose}>
          Esc<span className="sr-only">: close</span>
        </button>
      </div>
      {problem !== null && (
        <p role="alert" className="border-b border-line px-4 py-2 text-sm text-red">
          {problem}
        </p>
      )}
      <ul ref={list} id={`${id}-list`} role="listbox" aria-label="Found" className="max-h-[min(420px,60dvh)] overflow-y-auto overscroll-contain p-2">
        {sections.map((section, s) => {
          const before = sections.slice(0, s).reduce((sum, each) => sum + each.hits.length, 0);
          return (
            <li key={section.title} role="presentation">
              <ul role="group" aria-labelledby={`${id}-section-${s}`}>
                <li id={`${id}-section-${s}`} role="presentation" className="caption px-3 pt-2 pb-1">
                  {section.title}
                </li>
                {section.hits.map((hit, i) => (
                  <Option
                    key={hit.command.id}
                    id={`${id}-${before + i}`}
                    hit={hit}
                    active={before + i === at}
                    asking={asking === hit.command.id}
                    onPoint={() => {
                      if (before + i !== at) choose(hit.command.id);
                    }}
                    onChoose={() => {
                      void run(hit.command);
                    }}
                  />
                ))}
              </ul>
            </li>
          );
        })}
      </ul>
      {hits.length === 0 && <p className="px-5 pt-1 pb-5 text-sm text-muted">Nothing here has these letters.</p>}
      {error !== null && <p className="border-t border-line px-4 py-2 text-xs text-amber">Some lists can&rsquo;t be read: {error}</p>}
      <p role="status" className="sr-only">
        {asking !== null ? (hits[at]?.command.confirm ?? "") : `${hits.length} found`}
      </p>
    </Dialog>
  );
}
