/** What the connection's word means, and how long each channel has been silent. */
import { useEffect, useState } from "react";
import { useSystemMonitor } from "@/hooks/useStores";
import { age, UNKNOWN } from "@/lib/format";
import { liveSocket, type ChannelAge } from "@/lib/socket";
import { CONNECTION_LOOK, type ConnectionWord } from "./connectionWords";

const LOOK_MS = 500;
/** Channels of single jobs come after these, as one line. */
const NAMED = /^(system\/|hosts\/|operations$)/;

function ago(at: number | null, now: number): string {
  return at === null ? UNKNOWN : `${age(Math.max(0, now - at))} ago`;
}

/** "operations" has no interval: it speaks when something changes. */
function pace({ every, stale, heardAt }: ChannelAge): string {
  if (stale) return "stale";
  if (every === null) return heardAt === null ? "no change yet" : "on change";
  return `every ${every} s`;
}

export function ConnectionDetails({ id, word }: { id: string; word: ConnectionWord }) {
  const dataAt = useSystemMonitor((state) => state.lastDataAt);
  const liveAt = useSystemMonitor((state) => state.lastLiveAt);
  const failures = useSystemMonitor((state) => state.consecutiveWebSocketFailures);
  const asking = useSystemMonitor((state) => (state.isPolling ? state.updateInterval : null));
  const [{ now, ages }, setSeen] = useState(() => ({ now: performance.now(), ages: liveSocket().ages() }));
  useEffect(() => {
    const timer = setInterval(() => {
      setSeen({ now: performance.now(), ages: liveSocket().ages() });
    }, LOOK_MS);
    return () => {
      clearInterval(timer);
    };
  }, []);
  const named = ages.filter(({ name }) => NAMED.test(name)).sort((a, b) => a.name.localeCompare(b.name));
  const others = ages.filter(({ name }) => !NAMED.test(name));
  const newest = others.reduce<number | null>((max, { heardAt }) => (heardAt === null ? max : Math.max(max ?? heardAt, heardAt)), null);
  return (
    <div
      id={id}
      role="group"
      aria-label="Connection"
      data-testid="connection-details"
      className="panel absolute top-full right-0 z-20 mt-1.5 max-h-[calc(100dvh-72px)] w-[min(340px,calc(100vw-32px))] overflow-y-auto p-4 text-xs shadow-xl max-md:fixed max-md:top-13 max-md:right-4 max-md:mt-0"
    >
      <p className={`text-sm font-semibold ${CONNECTION_LOOK[word].text}`}>{word}</p>
      <p className="mt-0.5 text-muted">{CONNECTION_LOOK[word].hint}</p>
      <dl className="mt-3 grid grid-cols-[1fr_auto] gap-x-4 gap-y-1">
        <Fact name="Newest data" value={ago(dataAt, now)} />
        <Fact name="Newest over the live connection" value={ago(liveAt, now)} />
        <Fact name="Failures in a row" value={String(failures)} testId="connection-failures" />
        {asking !== null && <Fact name="Asks the server every" value={`${asking} s`} />}
      </dl>
      <table className="mt-3 w-full">
        <caption className="caption pb-1 text-left">Channels, and when each spoke last</caption>
        <tbody>
          {named.map((channel) => (
            <Row key={channel.name} name={channel.name} mono ago={ago(channel.heardAt, now)} pace={pace(channel)} stale={channel.stale} />
          ))}
          {others.length > 0 && <Row name={`${others.length} of single jobs`} ago={ago(newest, now)} pace="on change" stale={false} />}
        </tbody>
      </table>
    </div>
  );
}

function Fact({ name, value, testId }: { name: string; value: string; testId?: string }) {
  return (
    <>
      <dt className="text-muted">{name}</dt>
      <dd className="text-right" data-testid={testId}>
        {value}
      </dd>
    </>
  );
}

function Row({ name, mono = false, ago, pace, stale }: { name: string; mono?: boolean; ago: string; pace: string; stale: boolean }) {
  return (
    <tr>
      <th scope="row" className={`max-w-0 w-1/2 truncate py-0.5 text-left font-normal text-muted ${mono ? "font-mono" : ""}`} title={name}>
        {name}
      </th>
      <td className="pl-3 text-right whitespace-nowrap">{ago}</td>
      <td className={`w-[12ch] pl-3 text-right whitespace-nowrap ${stale ? "font-medium text-amber" : "text-faint"}`}>{pace}</td>
    </tr>
  );
}
