/** Narrowing by words, kind and host; and cards or rows. Choices of one are left out. */
import type { RefObject } from "react";
import { FilterField } from "@/components/FilterField";
import { kindWord } from "@/lib/jobWords";
import type { OperationFilter } from "@/lib/operationFilter";
import type { Layout } from "./UnderWay";

interface Props {
  filter: OperationFilter;
  kinds: string[];
  hosts: string[];
  layout: Layout;
  /** null: there is nothing to lay out. */
  onLayout: ((layout: Layout) => void) | null;
  onText: (text: string) => void;
  onKind: (kind: string) => void;
  onHost: (host: string) => void;
  fieldRef: RefObject<HTMLInputElement | null>;
}

export function Filters({ filter, kinds, hosts, layout, onLayout, onText, onKind, onHost, fieldRef }: Props) {
  return (
    <div className="flex flex-wrap items-center gap-2 max-xl:w-full xl:justify-end">
      {onLayout !== null && (
        <button
          type="button"
          className={`button h-7 ${layout === "rows" ? "border-accent! bg-accent-soft!" : ""}`}
          aria-pressed={layout === "rows"}
          onClick={() => {
            onLayout(layout === "rows" ? "cards" : "rows");
          }}
        >
          Rows
        </button>
      )}
      <Choice label="Kind" all="All kinds" value={filter.kind} options={kinds} word={kindWord} onChange={onKind} />
      <Choice label="Host" all="All hosts" value={filter.host} options={hosts} word={(host) => host} onChange={onHost} />
      <FilterField ref={fieldRef} value={filter.text} onChange={onText} label="Filter operations" />
    </div>
  );
}

interface ChoiceProps {
  label: string;
  all: string;
  value: string;
  options: string[];
  word: (option: string) => string;
  onChange: (value: string) => void;
}

function Choice({ label, all, value, options, word, onChange }: ChoiceProps) {
  if (options.length < 2 && value === "") return null;
  // What the address asks for is offered even if no job is left that has it.
  const offered = value === "" || options.includes(value) ? options : [value, ...options];
  return (
    <select
      aria-label={label}
      className="field max-w-40 py-0"
      value={value}
      onChange={(event) => {
        onChange(event.target.value);
      }}
    >
      <option value="">{all}</option>
      {offered.map((option) => (
        <option key={option} value={option}>
          {word(option)}
        </option>
      ))}
    </select>
  );
}
