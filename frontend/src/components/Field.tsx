/** One field of a form with its name, a hint, and what the server found wrong with it. */
import { useId, type ReactNode } from "react";
import type { Problem } from "@/lib/api";

interface Common {
  label: string;
  hint?: ReactNode;
  /** The whole form's problem, if it is this field's. */
  error: string | null;
  className?: string;
}

/** The problem's words if it is with one of these fields. */
export function errorOf(problem: Problem | null, ...fields: string[]): string | null {
  return problem !== null && problem.field !== null && fields.includes(problem.field) ? problem.message : null;
}

/** The problem's words if it is with none of them. */
export function otherProblem(problem: Problem | null, ...fields: string[]): string | null {
  return problem === null || (problem.field !== null && fields.includes(problem.field)) ? null : problem.message;
}

function Note({ id, hint, error }: { id: string; hint: ReactNode; error: string | null }) {
  if (error !== null)
    return (
      <span id={id} role="alert" className="mt-1 block text-xs break-words text-red">
        {error}
      </span>
    );
  return hint === undefined ? null : (
    <span id={id} className="mt-1 block text-xs text-faint">
      {hint}
    </span>
  );
}

interface TextProps extends Common {
  value: string;
  onChange: (value: string) => void;
  type?: "text" | "number";
  placeholder?: string;
  mono?: boolean;
}

export function TextField({ label, hint, error, className = "", value, onChange, type = "text", placeholder, mono = false }: TextProps) {
  const id = useId();
  return (
    <div className={`min-w-0 ${className}`}>
      <label htmlFor={id} className="caption block truncate">
        {label}
      </label>
      <input
        id={id}
        className={`field mt-1 w-full ${mono ? "font-mono text-xs" : ""}`}
        type={type}
        min={type === "number" ? 0 : undefined}
        spellCheck={false}
        autoComplete="off"
        placeholder={placeholder}
        value={value}
        aria-invalid={error !== null}
        aria-describedby={hint === undefined && error === null ? undefined : `${id}-note`}
        onChange={(event) => {
          onChange(event.target.value);
        }}
      />
      <Note id={`${id}-note`} hint={hint} error={error} />
    </div>
  );
}

interface SelectProps extends Common {
  value: string;
  onChange: (value: string) => void;
  options: { value: string; word: string }[];
}

export function SelectField({ label, hint, error, className = "", value, onChange, options }: SelectProps) {
  const id = useId();
  return (
    <div className={`min-w-0 ${className}`}>
      <label htmlFor={id} className="caption block truncate">
        {label}
      </label>
      <select
        id={id}
        className="field mt-1 w-full py-0"
        value={value}
        aria-invalid={error !== null}
        aria-describedby={hint === undefined && error === null ? undefined : `${id}-note`}
        onChange={(event) => {
          onChange(event.target.value);
        }}
      >
        {options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.word}
          </option>
        ))}
      </select>
      <Note id={`${id}-note`} hint={hint} error={error} />
    </div>
  );
}

interface ChipsProps extends Common {
  options: { value: string; word: string; name?: string }[];
  chosen: ReadonlySet<string>;
  onChange: (chosen: Set<string>) => void;
  actions?: ReactNode;
}

/** Several of a few, each a check box that looks like a chip. */
export function ChipsField({ label, hint, error, className = "", options, chosen, onChange, actions }: ChipsProps) {
  const id = useId();
  return (
    <fieldset className={`min-w-0 ${className}`} aria-describedby={hint === undefined && error === null ? undefined : `${id}-note`}>
      <legend className="caption float-left">{label}</legend>
      <div className="flex min-h-4 justify-end gap-3">{actions}</div>
      <div className="clear-both mt-1.5 flex flex-wrap gap-1.5">
        {options.map((option) => (
          <label
            key={option.value}
            className="inline-flex h-7 min-w-8 cursor-pointer items-center justify-center rounded-md border border-line-strong px-2 text-xs text-muted has-checked:border-accent has-checked:bg-accent-soft has-checked:font-medium has-checked:text-fg has-focus-visible:outline-2 has-focus-visible:outline-offset-1 has-focus-visible:outline-accent"
          >
            <input
              type="checkbox"
              className="sr-only"
              aria-label={option.name}
              checked={chosen.has(option.value)}
              onChange={(event) => {
                const next = new Set(chosen);
                if (event.target.checked) next.add(option.value);
                else next.delete(option.value);
                onChange(next);
              }}
            />
            {option.word}
          </label>
        ))}
      </div>
      <Note id={`${id}-note`} hint={hint} error={error} />
    </fieldset>
  );
}
