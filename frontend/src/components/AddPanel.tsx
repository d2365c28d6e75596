/** Adds a model or a dataset: one that lies on the server's disk, by its path there, or one of a hub, by its name. */
import { useState } from "react";
import type { Problem } from "@/lib/api";
import { useQuery } from "@/lib/router";
import { errorOf, otherProblem, TextField } from "./Field";
import { Icon } from "./Icon";

/** A field of the hub's form beside the repository's name. */
export interface HubField {
  name: string;
  label: string;
  placeholder: string;
  hint?: string;
}

interface Props {
  what: "model" | "dataset";
  path: { placeholder: string; hint: string };
  hub: { placeholder: string; hint: string; fields: HubField[] };
  /** Each returns what is wrong, or null. */
  onImport: (path: string, name: string) => Promise<Problem | null>;
  onDownload: (values: Record<string, string>) => Promise<Problem | null>;
}

export function AddPanel({ what, path, hub, onImport, onDownload }: Props) {
  const [source, setSource] = useQuery("add", "disk");
  const fromHub = source === "hub";
  const choice = (value: string, word: string) => (
    <button
      type="button"
      aria-pressed={source === value}
      className={`-mb-px h-9 border-b-2 px-1 text-sm ${source === value ? "border-accent font-medium text-fg" : "border-transparent text-muted hover:text-fg"}`}
      onClick={() => {
        setSource(value);
      }}
    >
      {word}
    </button>
  );
  return (
    <section className="panel" aria-label={`Add a ${what}`}>
      <div role="group" aria-label="Where it is" className="flex gap-4 border-b border-line px-4">
        {choice("disk", "On the server")}
        {choice("hub", "From a hub")}
      </div>
      <div className="px-4 py-3.5">
        {fromHub ? (
          <AddForm
            key="hub"
            submit={`Download ${what}`}
            busyWord="Asking…"
            hint={hub.hint}
            fields={[{ name: "repo_id", label: "Repository", placeholder: hub.placeholder }, ...hub.fields, { name: "name", label: "Name here, if another", placeholder: "" }]}
            onSubmit={onDownload}
          />
        ) : (
          <AddForm
            key="disk"
            submit={`Import ${what}`}
            busyWord="Looking…"
            hint={path.hint}
            fields={[
              { name: "path", label: "Path on the server", placeholder: path.placeholder },
              { name: "name", label: "Name here, if another", placeholder: "" },
            ]}
            onSubmit={(values) => onImport(values["path"] ?? "", values["name"] ?? "")}
          />
        )}
      </div>
    </section>
  );
}

interface FormProps {
  submit: string;
  busyWord: string;
  hint: string;
  /** The first is required, and has the most room. */
  fields: HubField[];
  onSubmit: (values: Record<string, string>) => Promise<Problem | null>;
}

function AddForm({ submit, busyWord, hint, fields, onSubmit }: FormProps) {
  const [values, setValues] = useState<Record<string, string>>({});
  const [problem, setProblem] = useState<Problem | null>(null);
  const [busy, setBusy] = useState(false);
  const names = fields.map((field) => field.name);
  const first = (values[names[0] ?? ""] ?? "").trim();
  const many = fields.length > 2;
  const other = otherProblem(problem, ...names);
  return (
    <form
      aria-label={submit}
      onSubmit={(event) => {
        event.preventDefault();
        setBusy(true);
        const given = Object.fromEntries(names.map((name) => [name, (values[name] ?? "").trim()]));
        void onSubmit(given).then((found) => {
          setBusy(false);
          setProblem(found);
          if (found === null) setValues({});
        });
      }}
    >
      <div className={`grid grid-cols-1 items-start gap-3 ${many ? "sm:grid-cols-2 xl:flex" : "sm:flex"}`}>
        {fields.map((field, i) => (
          <TextField
            key={field.name}
            className={i === 0 ? (many ? "sm:col-span-2 xl:flex-3" : "sm:flex-3") : many ? "xl:flex-1" : "sm:flex-1"}
            label={field.label}
            hint={field.hint}
            mono={i === 0}
            placeholder={field.placeholder}
            value={values[field.name] ?? ""}
            error={errorOf(problem, field.name)}
            onChange={(value) => {
              setValues((known) => ({ ...known, [field.name]: value }));
            }}
          />
        ))}
        <button type="submit" className="button button-primary h-[28px] justify-center sm:max-xl:justify-self-start sm:mt-[19.5px]" disabled={busy || first === ""}>
          <Icon name="download" size={12} />
          {busy ? busyWord : submit}
        </button>
      </div>
      {other === null ? (
        <p className="mt-2 text-xs text-muted">{hint}</p>
      ) : (
        <p role="alert" className="mt-2 text-xs break-words text-red">
          {other}
        </p>
      )}
    </form>
  );
}
