import { Icon } from "@/components/Icon";
import * as f from "@/lib/format";
import type { Unserved } from "@/lib/types/job";

/** Queued jobs that no live worker is there for, and the command that starts one. */
export function UnservedNote({ unserved: { queue, resource_class: kind, jobs } }: { unserved: Unserved }) {
  const command = `headway worker --server ${window.location.origin} --queues ${queue} --slots ${kind}=1`;
  return (
    <div className="flex items-start gap-2.5 border-t border-line bg-amber-soft px-4 py-2 text-sm" data-testid="unserved">
      <Icon name="alert" size={14} className="mt-[3px] text-amber" />
      <p className="min-w-0 flex-1">
        No worker takes {f.count(jobs)} {jobs === 1 ? "job" : "jobs"} of the queue <strong className="font-medium">{queue}</strong> and the class{" "}
        <strong className="font-medium">{kind}</strong>. Start one that does:{" "}
        <code className="rounded border border-line bg-panel px-1.5 py-0.5 font-mono text-xs break-all text-fg">{command}</code>
      </p>
    </div>
  );
}
