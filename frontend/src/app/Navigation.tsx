/** The pages: a column at the left, or on a phone a bar within the thumb's reach, with what is used less behind "More". */
import { useState } from "react";
import { Icon, type IconName } from "@/components/Icon";
import { Link } from "@/components/Link";
import { useOperations } from "@/hooks/useStores";
import { Mark } from "./Mark";
import { MoreSheet } from "./MoreSheet";
import { preload } from "./pages";
import { NAVIGATION, type Entry } from "./routes";

export function Navigation({ section }: { section: string | null }) {
  const [more, setMore] = useState(false);
  const behind = NAVIGATION.filter((entry) => entry.more === true);
  return (
    <nav
      aria-label="Pages"
      className="fixed inset-x-0 bottom-0 z-20 border-t border-line bg-panel pb-[env(safe-area-inset-bottom)] md:sticky md:top-0 md:h-dvh md:overflow-y-auto md:border-t-0 md:border-r md:pb-0 print:hidden"
    >
      <Link href="/" className="flex h-12 items-center gap-2.5 px-4 max-md:hidden">
        <Mark />
        <span className="text-base font-semibold tracking-tight">Headway</span>
      </Link>
      <ul className="flex md:flex-col md:gap-0.5 md:px-2 md:py-1">
        {NAVIGATION.map((entry) => (
          <li key={entry.href} className={`max-md:min-w-0 max-md:flex-1 ${entry.more === true ? "max-md:hidden" : ""}`}>
            <NavigationLink entry={entry} here={section === entry.href} />
          </li>
        ))}
        <li className="min-w-0 flex-1 md:hidden">
          <button
            type="button"
            aria-haspopup="dialog"
            className={`${SHAPE} w-full ${behind.some(({ href }) => href === section) ? "text-fg" : "text-muted"}`}
            onClick={() => {
              setMore(true);
            }}
          >
            <Inside icon="more" here={behind.some(({ href }) => href === section)} word="More" short="More" />
          </button>
        </li>
      </ul>
      {more && (
        <MoreSheet
          entries={behind}
          section={section}
          onClose={() => {
            setMore(false);
          }}
        />
      )}
    </nav>
  );
}

const SHAPE =
  "flex items-center rounded-md transition-colors max-md:h-14 max-md:flex-col max-md:justify-center max-md:gap-0.5 max-md:-outline-offset-2 md:h-8 md:gap-2.5 md:px-2";

function NavigationLink({ entry, here }: { entry: Entry; here: boolean }) {
  const ahead = () => {
    preload(entry.href);
  };
  return (
    <Link
      href={entry.href}
      aria-current={here ? "page" : undefined}
      onPointerEnter={ahead}
      onFocus={ahead}
      className={`${SHAPE} ${here ? "text-fg md:bg-raised md:font-medium" : "text-muted hover:text-fg"}`}
    >
      <Inside icon={entry.icon} here={here} word={entry.word} short={entry.short} />
      {entry.href === "/operations" && <JobCounts />}
    </Link>
  );
}

function Inside({ icon, here, word, short }: { icon: IconName; here: boolean; word: string; short: string }) {
  return (
    <>
      <Icon name={icon} className={here ? "text-accent" : ""} />
      <span className="text-sm max-md:hidden">{word}</span>
      <span className="max-w-full truncate text-2xs md:hidden">{short}</span>
    </>
  );
}

function JobCounts() {
  const running = useOperations((state) => state.counts.running + state.counts.starting + state.counts.cancelling + state.counts.paused);
  const failed = useOperations((state) => state.counts.failed);
  return (
    <span className="ml-auto flex gap-1.5 text-xs max-md:absolute max-md:ml-9 max-md:-translate-y-3 max-md:rounded-full max-md:bg-panel max-md:px-0.5 max-md:text-2xs">
      {running > 0 && (
        <span className="font-medium text-accent">
          {running}
          <span className="sr-only"> running</span>
        </span>
      )}
      {failed > 0 && (
        <span className="font-medium text-red">
          {failed}
          <span className="sr-only"> failed</span>
        </span>
      )}
    </span>
  );
}
