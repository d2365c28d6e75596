import { Fragment } from "react";
import { Icon } from "@/components/Icon";
import { keyWords } from "@/lib/keyWords";
import type { Hit } from "./find";

interface Props {
  id: string;
  hit: Hit;
  active: boolean;
  /** Chosen once; the next time it is done. */
  asking: boolean;
  onPoint: () => void;
  onChoose: () => void;
}

export function Option({ id, hit, active, asking, onPoint, onChoose }: Props) {
  const { command, ranges } = hit;
  return (
    <li
      id={id}
      role="option"
      aria-selected={active}
      className={`flex min-h-9 cursor-pointer items-center gap-3 rounded-md px-3 py-1.5 max-md:min-h-11 ${active ? "bg-raised" : ""}`}
      onPointerMove={onPoint}
      onClick={onChoose}
    >
      <Icon name={asking ? "alert" : command.icon} className={asking ? "text-amber" : active ? "text-accent" : "text-muted"} />
      <span className="min-w-0 flex-1 truncate">
        {asking ? <span className="font-medium text-amber">{command.confirm} Once more to do it.</span> : <Marked text={command.title} ranges={ranges} />}
        {!asking && command.detail !== "" && <span className="ml-2 text-xs text-muted">{command.detail}</span>}
      </span>
      {command.keys !== undefined && (
        <span className="shrink-0 max-md:hidden" aria-hidden="true">
          {keyWords(command.keys).map((word) => (
            <kbd key={word} className="kbd ml-1">
              {word}
            </kbd>
          ))}
        </span>
      )}
    </li>
  );
}

function Marked({ text, ranges }: { text: string; ranges: [number, number][] }) {
  const letters = [...text];
  let at = 0;
  return (
    <>
      {ranges.map(([from, to]) => {
        const before = letters.slice(at, from).join("");
        at = to;
        return (
          <Fragment key={from}>
            {before}
            <mark className="bg-transparent font-semibold text-accent">{letters.slice(from, to).join("")}</mark>
          </Fragment>
        );
      })}
      {letters.slice(at).join("")}
    </>
  );
}
