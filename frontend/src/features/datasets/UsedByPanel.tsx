/** The extractions that ran over one dataset, each with the model that it was of. */
import { Link } from "@/components/Link";
import { Panel } from "@/components/Panel";
import { StatusBadge } from "@/components/StatusBadge";
import { useNow } from "@/hooks/useNow";
import * as f from "@/lib/format";
import type { Extraction, Model } from "@/lib/types/model";

export function UsedByPanel({ extractions, models }: { extractions: Extraction[]; models: Model[] }) {
  const now = useNow(10_000);
  return (
    <Panel title="Extractions on it" note={extractions.length === 0 ? "" : String(extractions.length)} bodyClassName="relative overflow-x-auto" scrolls testId="used-by">
      {extractions.length === 0 ? (
        <p className="border-t border-line px-4 py-4 text-sm text-muted">
          None yet. Start one from a{" "}
          <Link href="/models" className="link">
            model
          </Link>
          .
        </p>
      ) : (
        <table className="table border-t border-line">
          <thead>
            <tr>
              <th scope="col">Model</th>
              <th scope="col">State</th>
              <th scope="col" className="max-sm:hidden">Layers</th>
              <th scope="col" className="max-sm:hidden">Where</th>
              <th scope="col" className="number max-md:hidden">Samples</th>
              <th scope="col" className="number">Size</th>
              <th scope="col" className="number max-md:hidden">Started</th>
            </tr>
          </thead>
          <tbody>
            {extractions.map((extraction) => (
              <tr key={extraction.id}>
                <td className="max-w-52 truncate">
                  <Link href={`/models/${extraction.model_id}`} className="hover:text-accent">
                    {models.find(({ id }) => id === extraction.model_id)?.name ?? extraction.model_id}
                  </Link>
                </td>
                <td>
                  <StatusBadge status={extraction.status} />
                </td>
                <td className="max-w-40 truncate text-muted max-sm:hidden">{extraction.layers.join(", ")}</td>
                <td className="text-muted max-sm:hidden">{extraction.hooks.join(", ")}</td>
                <td className="number max-md:hidden">{f.count(extraction.rows)}</td>
                <td className="number">{f.bytes(extraction.size_bytes)}</td>
                <td className="number text-muted max-md:hidden" title={f.fullTime(extraction.created_at)}>
                  {f.time(extraction.created_at, now)}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Panel>
  );
}
