/** What there is to say of the chosen machine where its panels can't: none of that name, none known yet, or one that is silent. */
import { Icon } from "@/components/Icon";
import { EmptyState, ErrorNote, Skeleton } from "@/components/States";
import { useNow } from "@/hooks/useNow";
import { age, timeWithSeconds } from "@/lib/format";
import type { HostInfo } from "@/lib/types/system";

export function UnknownHost({ name, onBack }: { name: string; onBack: () => void }) {
  return (
    <div role="status" data-testid="unknown-host">
      <EmptyState icon="system" title={`No machine called ${name} reports to this server`}>
        <p className="break-words">A machine is listed while a worker on it reports, and for an hour after its last reading.</p>
        <BackButton onBack={onBack} />
      </EmptyState>
    </div>
  );
}

/** The address names a machine, and the list that would say whether there is one can't be had, or isn't there yet. */
export function UnreadHosts({ name, error, onRetry, onBack }: { name: string; error: string | null; onRetry: () => void; onBack: () => void }) {
  if (error === null) return <Skeleton className="h-64 rounded-lg" />;
  return (
    <div className="grid justify-items-start gap-3" data-testid="unread-hosts">
      <ErrorNote onRetry={onRetry}>
        Whether {name} reports can't be read: {error}
      </ErrorNote>
      <BackButton onBack={onBack} />
    </div>
  );
}

function BackButton({ onBack }: { onBack: () => void }) {
  return (
    <button type="button" className="button mt-3" onClick={onBack}>
      <Icon name="back" size={12} />
      Show the server's own machine
    </button>
  );
}

export function SilentHost({ info: { host, seen_at } }: { info: HostInfo }) {
  const now = useNow();
  return (
    <div className="flex items-start gap-2 text-xs text-amber" data-testid="silent-host">
      <Icon name="clock" size={14} className="mt-px" />
      <p className="min-w-0 break-words">
        <span className="font-medium" role="status">
          {seen_at === null ? `No data from ${host} yet.` : `No data from ${host} since ${timeWithSeconds(seen_at)}.`}
        </span>
        {seen_at !== null && ` That is ${age(now - Date.parse(seen_at))} ago: what is shown is of then.`}
      </p>
    </div>
  );
}
