import { Panel } from "@/components/Panel";
import * as f from "@/lib/format";
import type { Checkpoint } from "@/lib/types/training";

export function CheckpointsPanel({ checkpoints }: { checkpoints: Checkpoint[] | undefined }) {
  // `is_best` says that a checkpoint was the best when it was written: the newest such one still is.
  const best = checkpoints?.filter((it) => it.is_best).reduce<Checkpoint | undefined>((a, b) => (a && a.step >= b.step ? a : b), undefined);
  return (
    <Panel title="Checkpoints" note={checkpoints === undefined ? "" : String(checkpoints.length)} bodyClassName="max-h-80 overflow-auto" scrolls testId="checkpoints">
      {checkpoints === undefined || checkpoints.length === 0 ? (
        <p className="border-t border-line px-4 py-4 text-sm text-muted">{checkpoints === undefined ? "Reading…" : "None written yet."}</p>
      ) : (
        <table className="table border-t border-line">
          <thead>
            <tr>
              <th scope="col">Step</th>
              <th scope="col">Layer</th>
              <th scope="col" className="number">Loss</th>
              <th scope="col" className="number">Size</th>
              <th scope="col">Path</th>
            </tr>
          </thead>
          <tbody>
            {checkpoints.map((checkpoint) => (
              <tr key={checkpoint.id}>
                <td>
                  {f.count(checkpoint.step)}
                  {checkpoint === best && <span className="ml-2 text-xs font-medium text-green">best</span>}
                </td>
                <td className="text-muted">{checkpoint.layer_idx === null ? "all" : checkpoint.layer_idx}</td>
                <td className="number">{f.metric(checkpoint.loss)}</td>
                <td className="number text-muted">{f.bytes(checkpoint.size_bytes)}</td>
                <td className="max-w-48 truncate font-mono text-xs text-muted" title={checkpoint.storage_path} dir="rtl">
                  <bdi>{checkpoint.storage_path}</bdi>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Panel>
  );
}
