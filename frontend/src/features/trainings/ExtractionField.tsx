/** What is chosen before the parameters: the activations, and a name. */
import { useId } from "react";

interface Props {
  value: string;
  problem: string | null;
  onChange: (value: string) => void;
}

export function ExtractionField({ value, problem, onChange, options, about }: Props & { options: { value: string; word: string }[]; about: string }) {
  const id = useId();
  return (
    <div className="min-w-0">
      <label htmlFor={id} className="text-xs font-medium">
        Activations
      </label>
      <select
        id={id}
        name="extraction_id"
        className={`field mt-1 w-full py-0 ${problem === null ? "" : "border-red"}`}
        value={value}
        aria-invalid={problem !== null}
        aria-describedby={`${id}-about`}
        onChange={(event) => {
          onChange(event.target.value);
        }}
      >
        {options.every((option) => option.value !== value) && <option value={value}>{value === "" ? "none has been extracted" : value}</option>}
        {options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.word}
          </option>
        ))}
      </select>
      <Below id={`${id}-about`} problem={problem} about={about} />
    </div>
  );
}

export function NameField({ value, problem, onChange }: Props) {
  const id = useId();
  return (
    <div className="min-w-0">
      <label htmlFor={id} className="text-xs font-medium">
        Name
      </label>
      <input
        id={id}
        name="name"
        autoComplete="off"
        placeholder="chosen for you"
        className={`field mt-1 w-full ${problem === null ? "" : "border-red"}`}
        value={value}
        aria-invalid={problem !== null}
        aria-describedby={`${id}-about`}
        onChange={(event) => {
          onChange(event.target.value);
        }}
      />
      <Below id={`${id}-about`} problem={problem} about="What the list and the charts call it." />
    </div>
  );
}

function Below({ id, problem, about }: { id: string; problem: string | null; about: string }) {
  return problem === null ? (
    <p id={id} className="mt-1 truncate text-2xs text-faint">
      {about}
    </p>
  ) : (
    <p id={id} role="alert" className="mt-1 text-xs text-red">
      {problem}
    </p>
  );
}
