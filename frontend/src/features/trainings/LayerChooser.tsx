/** Which layers are drawn; also says which look is whose. */
import { LineSwatch } from "@/components/LineSwatch";
import { ALL } from "@/lib/chart/curves";
import { layerLook, layerWord } from "@/lib/chart/layers";
import type { Curves } from "./useCurves";

export function LayerChooser({ curves }: { curves: Curves }) {
  const { available, layers, setLayers } = curves;
  if (available.length < 2) return null;
  const choose = (chosen: readonly string[]) => {
    setLayers(chosen.length === available.length ? "every" : chosen.join(","));
  };
  return (
    <div role="group" aria-label="Layers" className="flex max-h-16 flex-wrap items-center gap-1 overflow-auto">
      {available.map((key) => {
        const shown = layers.includes(key);
        const look = layerLook(key, available);
        return (
          <button
            key={key}
            type="button"
            aria-pressed={shown}
            className={`inline-flex h-6 items-center gap-1.5 rounded-md border px-2 text-xs ${shown ? "border-line-strong" : "border-line text-faint line-through"}`}
            onClick={() => {
              const next = shown ? layers.filter((each) => each !== key) : available.filter((each) => each === key || layers.includes(each));
              choose(next.length === 0 ? [key] : next);
            }}
          >
            <LineSwatch color={shown ? look.color : "--line-strong"} dash={look.dash} />
            {layerWord(key)}
          </button>
        );
      })}
      {layers.length < available.length && (
        <button type="button" className="link ml-1 text-xs" onClick={() => { choose(available); }}>
          all of them
        </button>
      )}
      {layers.length > 1 && available.includes(ALL) && (
        <button type="button" className="link ml-1 text-xs" onClick={() => { choose([ALL]); }}>
          all layers together only
        </button>
      )}
    </div>
  );
}
