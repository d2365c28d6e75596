/** Looking for a text in the log: how often it occurs, and to the next. */
import { Icon } from "@/components/Icon";
import { MATCHES_MAX } from "@/lib/logSearch";

interface Props {
  text: string;
  count: number;
  /** From 0. */
  current: number;
  onText: (text: string) => void;
  onStep: (by: 1 | -1) => void;
}

export function LogSearch({ text, count, current, onText, onStep }: Props) {
  return (
    <div className="flex items-center gap-1" role="search">
      <input
        type="search"
        aria-label="Search the log"
        placeholder="Search"
        className="field w-32 sm:w-44 [&::-webkit-search-cancel-button]:hidden"
        value={text}
        onChange={(event) => {
          onText(event.target.value);
        }}
        onKeyDown={(event) => {
          if (event.key === "Enter") {
            event.preventDefault();
            onStep(event.shiftKey ? -1 : 1);
          } else if (event.key === "Escape" && text !== "") {
            event.preventDefault();
            onText("");
          }
        }}
      />
      {text !== "" && (
        <>
          <span role="status" className="min-w-[7ch] text-center text-xs whitespace-nowrap text-muted" data-testid="log-matches">
            {count === 0 ? "none" : `${current + 1} of ${count}${count === MATCHES_MAX ? "+" : ""}`}
          </span>
          <button type="button" className="button button-icon" aria-label="The match before" disabled={count === 0} onClick={() => { onStep(-1); }}>
            <Icon name="up" size={13} />
          </button>
          <button type="button" className="button button-icon" aria-label="The next match" disabled={count === 0} onClick={() => { onStep(1); }}>
            <Icon name="down" size={13} />
          </button>
        </>
      )}
    </div>
  );
}
