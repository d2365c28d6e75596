/** One of a few, side by side; the chosen one is pressed. */
interface Props {
  label: string;
  options: readonly { value: string; word: string }[];
  value: string;
  onChange: (value: string) => void;
}

export function Choice({ label, options, value, onChange }: Props) {
  return (
    <div role="group" aria-label={label} className="flex rounded-lg border border-line bg-panel p-0.5">
      {options.map((option) => (
        <button
          key={option.value}
          type="button"
          aria-pressed={option.value === value}
          onClick={() => {
            onChange(option.value);
          }}
          className={`h-6 rounded-md px-2.5 text-xs whitespace-nowrap transition-colors ${
            option.value === value ? "bg-raised font-medium text-fg" : "text-muted hover:text-fg"
          }`}
        >
          {option.word}
        </button>
      ))}
    </div>
  );
}
