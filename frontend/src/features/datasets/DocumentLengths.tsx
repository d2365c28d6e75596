/** How long the documents of a tokenized dataset are: what decides the context length and how much of it is cut away. */
import { ErrorNote } from "@/components/States";
import { Panel } from "@/components/Panel";
import { useJobResult } from "@/hooks/useJobResult";
import { lengthsOf, type DocumentLengths as Lengths } from "@/lib/documentLengths";
import * as f from "@/lib/format";
import type { Dataset } from "@/lib/types/dataset";

export function DocumentLengths({ dataset }: { dataset: Dataset }) {
  const { result, error } = useJobResult(dataset.tokenize_job_id, dataset.updated_at);
  if (error !== null) return <ErrorNote>The documents’ lengths can’t be read: {error}</ErrorNote>;
  const lengths = lengthsOf(result);
  return lengths === null ? null : <LengthsPanel lengths={lengths} />;
}

function LengthsPanel({ lengths }: { lengths: Lengths }) {
  const { histogram } = lengths;
  const all = histogram.reduce((sum, { documents }) => sum + documents, 0);
  const most = Math.max(...histogram.map(({ documents }) => documents));
  return (
    <Panel title="Document lengths" note="in tokens, the separator among them" testId="document-lengths">
      <p className="mb-2 text-sm">
        {f.count(lengths.min)} to {f.count(lengths.max)}; half have at most {f.count(lengths.median)}, 95{"\u202f"}% at most {f.count(lengths.p95)}.
      </p>
      <table className="w-full max-w-2xl text-xs [&_td]:h-6">
        <caption className="sr-only">Documents by their length in tokens</caption>
        <thead className="sr-only">
          <tr>
            <th scope="col">Tokens</th>
            <th scope="col">Share</th>
            <th scope="col">Documents</th>
          </tr>
        </thead>
        <tbody>
          {histogram.map(({ from, to, documents }) => (
            <tr key={from}>
              <th scope="row" className="w-0 pr-3 text-right font-normal tabular-nums whitespace-nowrap text-muted">
                {from === to ? f.count(from) : `${f.count(from)}–${f.count(to)}`}
              </th>
              <td title={f.percent((100 * documents) / all, 1)}>
                <div aria-hidden="true" className="h-2.5 min-w-px rounded-sm bg-accent" style={{ width: `${(100 * documents) / most}%` }} />
                <span className="sr-only">{f.percent((100 * documents) / all, 1)}</span>
              </td>
              <td className="w-0 pl-3 text-right tabular-nums whitespace-nowrap">{f.count(documents)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  );
}
