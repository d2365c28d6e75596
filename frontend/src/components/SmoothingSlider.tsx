/** How much curves are smoothed, from 0, not at all, to 0.99. The value comes back as text, as an address has it. */
export function SmoothingSlider({ strength, onChange }: { strength: number; onChange: (strength: string) => void }) {
  const word = strength === 0 ? "off" : strength.toFixed(2);
  return (
    <label className="flex items-center gap-2 text-xs text-muted">
      Smooth
      <input
        type="range"
        min={0}
        max={0.99}
        step={0.01}
        value={strength}
        className="w-24 accent-(--accent)"
        aria-valuetext={word}
        onChange={(event) => {
          onChange(event.target.value);
        }}
      />
      <span className="w-[4ch] text-fg">{word}</span>
    </label>
  );
}
