/** What narrows the table: words, state, model, dataset or extraction. */
import { useMemo, type ReactNode, type Ref } from "react";
import { FilterField } from "@/components/FilterField";
import { useReferences } from "@/hooks/useStores";
import { statusWord } from "@/lib/jobWords";
import type { Filter } from "@/lib/trainingTable/order";
import { STATUSES } from "@/lib/trainingTable/row";

interface Props {
  fieldRef: Ref<HTMLInputElement>;
  filter: Filter;
  onFilter: (changes: Partial<Filter>) => void;
  counts: Record<string, number>;
  /** At the end of the line; on a phone beside the words. */
  children: ReactNode;
}

interface Option {
  value: string;
  word: string;
}

const byWord = (a: Option, b: Option) => a.word.localeCompare(b.word);

export function TableFilters({ fieldRef, filter, onFilter, counts, children }: Props) {
  const modelNames = useReferences((state) => state.modelNames);
  const datasetNames = useReferences((state) => state.datasetNames);
  const extractions = useReferences((state) => state.extractions);
  const models = useMemo(() => [...modelNames].map(([value, word]) => ({ value, word })).sort(byWord), [modelNames]);
  const datasets = useMemo(() => [...datasetNames].map(([value, word]) => ({ value, word })).sort(byWord), [datasetNames]);
  const sources = useMemo(() => [...extractions.values()].map(({ id, name }) => ({ value: id, word: name ?? id })).sort(byWord), [extractions]);
  const states = ["active", ...STATUSES].filter((status) => (counts[status] ?? 0) > 0 || status === filter.status);
  return (
    <div className="flex min-w-0 flex-wrap items-center gap-2">
      <div className="min-w-0 max-sm:flex-1">
        <FilterField
          ref={fieldRef}
          value={filter.text}
          onChange={(text) => {
            onFilter({ text });
          }}
          label="Filter trainings"
        />
      </div>
      <div className="ml-auto flex items-center gap-2 sm:order-2">{children}</div>
      <div className="flex min-w-0 items-center gap-2 max-sm:w-full">
      <Choice
        label="State"
        any="Any state"
        value={filter.status}
        onChange={(status) => {
          onFilter({ status });
        }}
        groups={[{ word: null, options: states.map((status) => ({ value: status, word: `${statusWord(status)} (${(counts[status] ?? 0).toLocaleString("en-US")})` })) }]}
      />
      <Choice
        label="Model"
        any="Any model"
        value={filter.model}
        onChange={(model) => {
          onFilter({ model });
        }}
        groups={[{ word: null, options: models }]}
      />
      <Choice
        label="Data"
        any="Any data"
        value={filter.data}
        onChange={(data) => {
          onFilter({ data });
        }}
        groups={[
          { word: "Datasets", options: datasets },
          { word: "Extractions", options: sources },
        ]}
      />
      </div>
    </div>
  );
}

interface ChoiceProps {
  label: string;
  any: string;
  value: string;
  onChange: (value: string) => void;
  groups: { word: string | null; options: Option[] }[];
}

function Choice({ label, any, value, onChange, groups }: ChoiceProps) {
  const listed = groups.some(({ options }) => options.some((option) => option.value === value));
  const list = (options: Option[]) =>
    options.map((option) => (
      <option key={option.value} value={option.value}>
        {option.word}
      </option>
    ));
  return (
    <select
      aria-label={label}
      className={`field w-32 min-w-0 py-0 pr-1 max-sm:w-auto max-sm:flex-1 ${value === "" ? "text-muted" : "border-accent"}`}
      value={value}
      onChange={(event) => {
        onChange(event.target.value);
      }}
    >
      <option value="">{any}</option>
      {/* An address may name what is not, or not yet, among them. */}
      {value !== "" && !listed && <option value={value}>{value}</option>}
      {groups.map(({ word, options }) =>
        word === null ? (
          list(options)
        ) : options.length === 0 ? null : (
          <optgroup key={word} label={word}>
            {list(options)}
          </optgroup>
        ),
      )}
    </select>
  );
}
