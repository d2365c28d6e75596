import { Icon } from "@/components/Icon";
import { Notifications } from "@/features/notifications/Notifications";
import { keyWords } from "@/lib/keyWords";
import { useTheme, setTheme } from "@/lib/theme";
import { ConnectionIndicator } from "./ConnectionIndicator";
import { Mark } from "./Mark";

interface Props {
  title: string;
  onFind: () => void;
  onHelp: () => void;
}

export function Header({ title, onFind, onHelp }: Props) {
  const theme = useTheme();
  return (
    <header className="sticky top-0 z-10 flex h-12 items-center gap-2 border-b border-line bg-bg/90 px-4 backdrop-blur md:px-6 print:static">
      <span className="md:hidden print:hidden">
        <Mark />
      </span>
      <h1 id="page-title" className="min-w-0 truncate text-base font-semibold" title={title}>
        {title}
      </h1>
      <div className="ml-auto flex shrink-0 items-center gap-1 print:hidden">
        <button type="button" className="button mr-3 text-muted max-lg:hidden" onClick={onFind} aria-keyshortcuts="Control+K Meta+K">
          <Icon name="search" size={13} />
          Find and do
          <span className="ml-3 flex gap-1" aria-hidden="true">
            {keyWords("mod+k").map((word) => (
              <kbd key={word} className="kbd">
                {word}
              </kbd>
            ))}
          </span>
        </button>
        <ConnectionIndicator />
        <span className="mx-2 h-4 w-px bg-line max-md:hidden" aria-hidden="true" />
        <button type="button" className="button button-icon lg:hidden" aria-label="Find and do" onClick={onFind}>
          <Icon name="search" />
        </button>
        <Notifications />
        {/* On a phone there is no room for it: Settings and the palette have it too. */}
        <button
          type="button"
          className="button button-icon max-md:hidden"
          aria-label={theme === "dark" ? "Use the light theme" : "Use the dark theme"}
          onClick={() => {
            setTheme(theme === "dark" ? "light" : "dark");
          }}
        >
          <Icon name={theme === "dark" ? "sun" : "moon"} />
        </button>
        <button type="button" className="button button-icon max-md:hidden" aria-label="Keyboard help" onClick={onHelp}>
          <Icon name="help" />
        </button>
      </div>
    </header>
  );
}
