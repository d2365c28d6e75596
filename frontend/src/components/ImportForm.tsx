import { useState } from "react";

interface Props {
  what: string;
  hint: string;
  placeholder: string;
  busy: boolean;
  error: string | null;
  onImport: (path: string, name: string) => Promise<boolean>;
}

/** Adds something that lies on the server's disk, by its path there. */
export function ImportForm({ what, hint, placeholder, busy, error, onImport }: Props) {
  const [path, setPath] = useState("");
  const [name, setName] = useState("");
  return (
    <form
      className="panel px-4 py-3.5"
      aria-label={`Import a ${what}`}
      onSubmit={(event) => {
        event.preventDefault();
        void onImport(path.trim(), name.trim()).then((done) => {
          if (!done) return;
          setPath("");
          setName("");
        });
      }}
    >
      <div className="flex flex-wrap items-end gap-3">
        <label className="min-w-0 flex-[3] basis-72">
          <span className="caption block">Path on the server</span>
          <input
            className="field mt-1 w-full font-mono text-xs"
            required
            spellCheck={false}
            placeholder={placeholder}
            value={path}
            aria-invalid={error !== null}
            onChange={(event) => {
              setPath(event.target.value);
            }}
          />
        </label>
        <label className="min-w-0 flex-1 basis-40">
          <span className="caption block">Name, if another than the path&rsquo;s</span>
          <input
            className="field mt-1 w-full"
            value={name}
            onChange={(event) => {
              setName(event.target.value);
            }}
          />
        </label>
        <button type="submit" className="button button-primary h-7" disabled={busy || path.trim() === ""}>
          {busy ? "Importing…" : `Import ${what}`}
        </button>
      </div>
      {error === null ? (
        <p className="mt-2 text-xs text-muted">{hint}</p>
      ) : (
        <p role="alert" className="mt-2 text-xs text-red">
          {error}
        </p>
      )}
    </form>
  );
}
