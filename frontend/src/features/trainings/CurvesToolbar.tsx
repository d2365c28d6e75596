/** How the curves are drawn: the x axis, smoothing, scales, what is zoomed into. All of it is in the address. */
import { Choice } from "@/components/Choice";
import { Icon } from "@/components/Icon";
import { SmoothingSlider } from "@/components/SmoothingSlider";
import type { Span } from "@/lib/chart/axes";
import { moved } from "@/lib/chart/zoom";
import type { Curves } from "./useCurves";

const X_CHOICES = [
  { value: "step", word: "Step" },
  { value: "relative", word: "Time" },
  { value: "wall", word: "Clock" },
];
const WEIGHTS = [
  { value: "time-weighted", word: "By distance" },
  { value: "exponential", word: "By point" },
];

export interface Scale {
  log: boolean;
  setLog: (log: boolean) => void;
  logX: boolean;
  setLogX: (log: boolean) => void;
}

function Toggle({ word, pressed, onChange, disabled = false }: { word: string; pressed: boolean; onChange: (pressed: boolean) => void; disabled?: boolean }) {
  return (
    <button
      type="button"
      className={`button ${pressed ? "border-accent text-accent" : ""}`}
      aria-pressed={pressed}
      disabled={disabled}
      onClick={() => {
        onChange(!pressed);
      }}
    >
      {word}
    </button>
  );
}

function ZoomButtons({ curves, whole }: { curves: Curves; whole: Span }) {
  const { zoom, setZoom } = curves;
  const button = (label: string, sign: string, part: number, factor: number, disabled = zoom === null) => (
    <button
      type="button"
      className="button w-7 justify-center px-0"
      aria-label={label}
      title={label}
      disabled={disabled}
      onClick={() => {
        setZoom(moved(zoom, whole, part, factor));
      }}
    >
      <span aria-hidden="true">{sign}</span>
    </button>
  );
  return (
    <div role="group" aria-label="Zoom" className="flex items-center gap-1">
      {button("Earlier", "‹", -0.5, 1)}
      {button("Later", "›", 0.5, 1)}
      {button("Zoom out", "−", 0, 2)}
      {button("Zoom in", "+", 0, 0.5, false)}
      <button
        type="button"
        className="button"
        disabled={zoom === null}
        onClick={() => {
          setZoom(null);
        }}
      >
        Whole run
      </button>
    </div>
  );
}

export function CurvesToolbar({ curves, scale, whole, allRows }: { curves: Curves; scale: Scale; whole: Span | null; allRows: string }) {
  const { strength, setStrength } = curves;
  return (
    <div className="flex flex-wrap items-center gap-x-3 gap-y-2">
      <Choice label="X axis" options={X_CHOICES} value={curves.xBy} onChange={curves.setX} />
      <div className="flex items-center gap-1">
        <Toggle word="Log y" pressed={scale.log} onChange={scale.setLog} />
        <Toggle word="Log x" pressed={scale.logX && curves.xBy !== "wall"} disabled={curves.xBy === "wall"} onChange={scale.setLogX} />
      </div>
      <SmoothingSlider strength={strength} onChange={setStrength} />
      {strength > 0 && <Choice label="Smoothing weighs" options={WEIGHTS} value={curves.smoothing} onChange={curves.setSmoothing} />}
      {whole !== null && <ZoomButtons curves={curves} whole={whole} />}
      <a href={allRows} download className="button ml-auto max-sm:hidden" title="Every row as it was reported">
        <Icon name="download" size={12} />
        All rows
      </a>
    </div>
  );
}
