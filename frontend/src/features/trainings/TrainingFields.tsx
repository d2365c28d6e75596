/** The parameters of a training in groups: what each is, its unit, what it does, and the server's word on what is wrong with it. */
import { useId, useState, type ReactNode } from "react";
import { appliesTo, hookOptions, shown, type FieldGroup, type FormValues, type ParamField } from "@/lib/trainingForm";
import type { JsonObject } from "@/lib/types/job";
import type { Extraction } from "@/lib/types/model";

export interface FieldProblem {
  field: string;
  message: string;
}

interface Props {
  group: FieldGroup;
  values: FormValues;
  /** The complete parameters as the server has them; null: not told yet. */
  defaults: JsonObject | null;
  extraction: Extraction | undefined;
  problem: FieldProblem | null;
  onChange: (name: string, value: string) => void;
}

export function TrainingFields({ group, values, defaults, extraction, problem, onChange }: Props) {
  const fields = group.fields.filter((field) => appliesTo(field, values));
  const grid = (
    <div className="grid gap-x-4 gap-y-3.5 sm:grid-cols-2">
      {fields.map((field) => (
        <Field
          key={field.name}
          field={field.name === "hook" ? { ...field, options: hookOptions(extraction) } : field}
          value={values[field.name] ?? ""}
          usual={shown(defaults?.[field.name])}
          problem={problem?.field === field.name ? problem.message : null}
          onChange={(value) => {
            onChange(field.name, value);
          }}
        />
      ))}
    </div>
  );
  if (group.folded !== true) {
    return (
      <fieldset className="min-w-0">
        <legend className="mb-2 text-sm font-semibold">{group.title}</legend>
        {grid}
      </fieldset>
    );
  }
  const wanted = fields.some(({ name }) => (values[name] ?? "") !== "" || problem?.field === name);
  return (
    <Fold title={group.title} wanted={wanted}>
      {grid}
    </Fold>
  );
}

/** Opens by itself when something in it is set or wrong; once open it closes by hand alone. */
function Fold({ title, wanted, children }: { title: string; wanted: boolean; children: ReactNode }) {
  const [open, setOpen] = useState(wanted);
  const [before, setBefore] = useState(wanted);
  if (wanted !== before) {
    setBefore(wanted);
    if (wanted) setOpen(true);
  }
  return (
    <details
      open={open}
      className="min-w-0"
      onToggle={(event) => {
        setOpen(event.currentTarget.open);
      }}
    >
      <summary className="w-fit cursor-pointer rounded text-sm font-semibold hover:text-accent">{title}</summary>
      <div className="mt-2">{children}</div>
    </details>
  );
}

interface FieldProps {
  field: ParamField;
  value: string;
  /** What it is while nothing is typed. */
  usual: string;
  problem: string | null;
  onChange: (value: string) => void;
}

export function Field({ field, value, usual, problem, onChange }: FieldProps) {
  const id = useId();
  const common = {
    id,
    name: field.name,
    value,
    "aria-invalid": problem !== null,
    "aria-describedby": problem === null ? `${id}-about` : `${id}-problem ${id}-about`,
    className: `field mt-1 w-full ${field.kind === "choice" ? "py-0" : ""} ${problem === null ? "" : "border-red"}`,
  };
  return (
    <div className="min-w-0">
      <label htmlFor={id} className="text-xs font-medium">
        {field.label}
      </label>
      {field.unit !== undefined && <span className="caption ml-1.5">{field.unit}</span>}
      {field.kind === "choice" ? (
        <select
          {...common}
          onChange={(event) => {
            onChange(event.target.value);
          }}
        >
          {/* Nothing chosen is the default, which the server names. */}
          <option value="">{(field.options ?? []).find((option) => option.value === usual)?.word ?? (usual === "" ? "the default" : usual)}</option>
          {(field.options ?? [])
            .filter((option) => option.value !== usual || option.value === value)
            .map((option) => (
              <option key={option.value} value={option.value}>
                {option.word}
              </option>
            ))}
        </select>
      ) : (
        <input
          {...common}
          inputMode={field.kind === "number" ? "decimal" : "text"}
          autoComplete="off"
          placeholder={usual}
          onChange={(event) => {
            onChange(event.target.value);
          }}
        />
      )}
      {problem !== null && (
        <p id={`${id}-problem`} role="alert" className="mt-1 text-xs text-red">
          {problem}
        </p>
      )}
      <p id={`${id}-about`} className="mt-1 text-2xs text-faint">
        {field.about}
      </p>
    </div>
  );
}
