/** The keys in force now: those of the open page, of its lists, and those that work everywhere. */
import { useState } from "react";
import { Dialog } from "@/components/Dialog";
import { useShortcutsInForce } from "@/hooks/useShortcuts";
import { keyWords } from "@/lib/keyWords";
import type { Shortcut } from "@/lib/shortcuts";

const ORDER = ["This page", "Lists", "Everywhere", "Go to"];

export function KeyboardHelp({ onClose }: { onClose: () => void }) {
  // As it was when it was asked for.
  const [listed] = useState(useShortcutsInForce().filter(({ does }) => does !== ""));
  const rank = (scope: string) => (ORDER.indexOf(scope) + ORDER.length + 1) % (ORDER.length + 1);
  const scopes = [...new Set(listed.map(({ scope }) => scope))].sort((a, b) => rank(a) - rank(b));
  return (
    <Dialog label="Keyboard" onClose={onClose} className="max-h-[85dvh] w-[min(560px,calc(100vw-32px))]">
      <div className="px-5 pt-4 pb-5">
        <h2 className="text-base font-semibold">Keyboard</h2>
        <div className="mt-3 gap-x-8 sm:columns-2">
          {scopes.map((scope) => (
            <Keys key={scope} scope={scope} keys={listed.filter((each) => each.scope === scope)} />
          ))}
        </div>
        <button type="button" className="button mt-2 w-full justify-center" onClick={onClose}>
          Close
        </button>
      </div>
    </Dialog>
  );
}

function Keys({ scope, keys }: { scope: string; keys: Shortcut[] }) {
  return (
    <section aria-label={scope} className="mb-4 break-inside-avoid">
      <h3 className="caption mb-1.5">{scope}</h3>
      <dl className="grid grid-cols-[4.5rem_1fr] gap-x-3 gap-y-1.5 text-sm">
        {keys.map(({ keys: each, does }) => (
          <div key={each} className="contents">
            <dt className="whitespace-nowrap">
              {keyWords(each).map((word) => (
                <kbd key={word} className="kbd mr-1">
                  {word}
                </kbd>
              ))}
            </dt>
            <dd className="text-muted">{does}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
