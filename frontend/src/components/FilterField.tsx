import { forwardRef } from "react";
import { Icon } from "./Icon";

interface Props {
  value: string;
  onChange: (value: string) => void;
  label: string;
}

export const FilterField = forwardRef<HTMLInputElement, Props>(function FilterField({ value, onChange, label }, ref) {
  return (
    <div className="relative min-w-28 flex-1 sm:w-52 sm:flex-none">
      <Icon name="search" size={13} className="pointer-events-none absolute inset-y-0 left-2.5 my-auto text-faint" />
      <input
        ref={ref}
        type="search"
        aria-label={label}
        placeholder="Filter"
        value={value}
        onChange={(event) => {
          onChange(event.target.value);
        }}
        onKeyDown={(event) => {
          if (event.key !== "Escape") return;
          onChange("");
          event.currentTarget.blur();
        }}
        className="field w-full pr-7 pl-7.5 [&::-webkit-search-cancel-button]:hidden"
      />
      {value === "" && (
        <kbd className="pointer-events-none absolute inset-y-0 right-2 my-auto h-4 rounded border border-line px-1 font-sans text-2xs leading-[14px] text-faint pointer-coarse:hidden" aria-hidden="true">
          /
        </kbd>
      )}
    </div>
  );
});
