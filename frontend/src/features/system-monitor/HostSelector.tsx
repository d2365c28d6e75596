/** Which machine is shown: a menu of those that report, each with how it is, in words beside its dot. */
import { Icon } from "@/components/Icon";
import { useMenu } from "@/components/useMenu";
import { useNow } from "@/hooks/useNow";
import { hostWord } from "@/lib/hosts";
import type { HostInfo } from "@/lib/types/system";

interface Props {
  hosts: readonly HostInfo[];
  /** null: it is none of them. */
  chosen: HostInfo | null;
  /** The list could be read the last time. */
  known: boolean;
  onChoose: (host: HostInfo) => void;
}

const MINUTE_MS = 60_000;

function gpuWords(count: number): string {
  return count === 0 ? "no GPU" : count === 1 ? "1 GPU" : `${count} GPUs`;
}

export function HostSelector({ hosts, chosen, known, onChoose }: Props) {
  const { open, root, button, onKeyDown, toggle, close } = useMenu();
  const now = useNow(MINUTE_MS);
  const shown = chosen === null ? null : hostWord(chosen, known, now);
  return (
    <div ref={root} className="relative min-w-0" onKeyDown={onKeyDown} data-testid="host-selector">
      <button
        ref={button}
        type="button"
        className="button max-w-full"
        title={chosen?.host}
        aria-haspopup="menu"
        aria-expanded={open}
        aria-label={chosen === null ? "Machine: choose one" : `Machine: ${chosen.host}, ${shown?.word ?? ""}`}
        onClick={toggle}
      >
        {shown === null ? (
          <span className="text-muted">Choose a machine</span>
        ) : (
          <>
            <span className={`size-2 shrink-0 rounded-full ${shown.dot}`} aria-hidden="true" />
            <span className="max-w-80 min-w-0 truncate font-medium">{chosen?.host}</span>
            <span className="shrink-0 text-muted">{shown.word}</span>
          </>
        )}
        <Icon name="down" size={12} className="text-muted" />
      </button>
      {open && (
        <div
          role="menu"
          aria-label="Machines"
          className="absolute top-full left-0 z-20 mt-1 max-h-80 w-max max-w-[min(420px,calc(100vw-32px))] min-w-56 overflow-y-auto rounded-md border border-line-strong bg-panel py-1 shadow-lg"
        >
          {hosts.map((host) => {
            const { word, dot } = hostWord(host, known, now);
            const isChosen = host.host === chosen?.host;
            return (
              <button
                key={host.host}
                type="button"
                role="menuitemradio"
                aria-checked={isChosen}
                tabIndex={-1}
                className={`grid w-full grid-cols-[8px_minmax(0,1fr)_auto] items-center gap-x-2.5 px-3 py-1.5 text-left text-xs hover:bg-raised focus-visible:bg-raised ${isChosen ? "bg-raised" : ""}`}
                onClick={() => {
                  close();
                  onChoose(host);
                }}
              >
                <span className={`size-2 rounded-full ${dot}`} aria-hidden="true" />
                <span className={`truncate ${isChosen ? "font-medium" : ""}`} title={host.host}>
                  {host.host}
                </span>
                <span className="whitespace-nowrap text-muted">{word}</span>
                <span className="col-start-2 text-muted">
                  {host.server && "the server's own · "}
                  {gpuWords(host.gpus.length)}
                </span>
                {isChosen && <Icon name="check" size={12} className="justify-self-end" />}
              </button>
            );
          })}
        </div>
      )}
    </div>
  );
}
