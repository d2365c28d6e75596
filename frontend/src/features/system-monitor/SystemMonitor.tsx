/** A machine, the server's own or that of one of its workers: its GPUs, processor, memory, disk and network, now and over time. */
import { useCallback, useMemo } from "react";
import { useHosts } from "@/hooks/useHosts";
import { MachineProvider } from "@/hooks/useMachineState";
import { useRemoteMachine } from "@/hooks/useRemoteMachine";
import { chosenHost } from "@/lib/hosts";
import { usePageSubject } from "@/lib/pageTitle";
import { useQuery } from "@/lib/router";
import type { HostInfo } from "@/lib/types/system";
import { createRemoteMachineStore, type RemoteMachineStore } from "@/stores/remoteMachineStore";
import { systemMonitorStore } from "@/stores/systemMonitorStore";
import { SilentHost, UnknownHost, UnreadHosts } from "./HostNotes";
import { HostSelector } from "./HostSelector";
import { Machine } from "./Machine";
import { rangeOf } from "./ranges";
import { Toolbar } from "./Toolbar";

export function SystemMonitor() {
  const [wantedRange, setRange] = useQuery("range", "live");
  const [wantedHost, setHost] = useQuery("host");
  const range = rangeOf(wantedRange);
  const { hosts, error, fetchHosts } = useHosts();
  const chosen = chosenHost(wantedHost, hosts);
  const other = chosen.kind === "other" ? chosen.info : null;
  const name = other?.host ?? null;
  // The other machine's store goes with it: leaving the page or choosing another machine drops what it has.
  const remote = useMemo(() => (name === null ? null : createRemoteMachineStore(name)), [name]);
  usePageSubject(name);
  const chooseOwn = useCallback(() => {
    setHost("");
  }, [setHost]);

  const several = hosts !== null && hosts.length > 1;
  return (
    <MachineProvider value={remote ?? systemMonitorStore}>
      {remote !== null && other !== null && <Feed store={remote} info={other} />}
      <div className="flex flex-col gap-4" data-testid="system-monitor" data-host={name ?? undefined}>
        <Toolbar
          selector={
            several ? (
              <HostSelector
                hosts={hosts}
                chosen={other ?? (chosen.kind === "own" ? (hosts.find(({ server }) => server) ?? null) : null)}
                known={error === null}
                onChoose={(host) => {
                  setHost(host.server ? "" : host.host);
                }}
              />
            ) : null
          }
          range={range}
          onRange={setRange}
        />
        {chosen.kind === "unknown" ? (
          <UnknownHost name={chosen.name} onBack={chooseOwn} />
        ) : chosen.kind === "waiting" ? (
          <UnreadHosts name={chosen.name} error={error} onRetry={() => void fetchHosts()} onBack={chooseOwn} />
        ) : (
          <>
            {other !== null && !other.live && <SilentHost info={other} />}
            <Machine key={name} range={range} />
          </>
        )}
      </div>
    </MachineProvider>
  );
}

/** By itself, so that a reading draws nothing again but the panel that shows it. */
function Feed({ store, info }: { store: RemoteMachineStore; info: HostInfo }) {
  useRemoteMachine(store, info);
  return null;
}
