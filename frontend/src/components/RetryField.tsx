/** One parameter of a retry: what it was, what it is to be, and why the server won't have it. */
import { useId } from "react";
import { fieldText, type RetryField as Field } from "@/lib/retryForm";

interface Props {
  field: Field;
  text: string;
  error: string | null;
  onText: (text: string) => void;
}

export function RetryField({ field, text, error, onText }: Props) {
  const id = useId();
  const note = field.suggested === undefined ? null : field.was === undefined ? "suggested" : `suggested; it was ${fieldText(field.was)}`;
  const described = error !== null ? `${id}-error` : undefined;
  return (
    <div className="min-w-0">
      <label htmlFor={id} className="caption block">
        <span className="font-mono">{field.name}</span>
        {note !== null && <span> · {note}</span>}
      </label>
      {field.kind === "boolean" ? (
        <select
          id={id}
          className="field mt-1 w-full py-0"
          value={text}
          aria-invalid={error !== null}
          aria-describedby={described}
          onChange={(event) => {
            onText(event.target.value);
          }}
        >
          <option value="true">true</option>
          <option value="false">false</option>
        </select>
      ) : (
        <input
          id={id}
          className="field mt-1 w-full font-mono text-xs"
          inputMode={field.kind === "number" ? "decimal" : undefined}
          spellCheck={false}
          autoComplete="off"
          value={text}
          aria-invalid={error !== null}
          aria-describedby={described}
          onChange={(event) => {
            onText(event.target.value);
          }}
        />
      )}
      {error !== null && (
        <p id={described} role="alert" className="mt-1 text-xs text-red">
          {error}
        </p>
      )}
    </div>
  );
}
