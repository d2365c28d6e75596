/** The checkpoints of a training, newest first: what each was worth, how large it is, and where it lies. */
import { CopyButton } from "@/components/CopyButton";
import { Panel } from "@/components/Panel";
import * as f from "@/lib/format";
import type { Checkpoint } from "@/lib/types/training";

interface Props {
  checkpoints: Checkpoint[] | undefined;
  now: number;
}

export function CheckpointsPanel({ checkpoints, now }: Props) {
  // `is_best` says that a checkpoint was the best when it was written: the newest such one still is.
  const best = checkpoints?.filter((it) => it.is_best).reduce<Checkpoint | undefined>((a, b) => (a && a.step >= b.step ? a : b), undefined);
  const total = checkpoints?.reduce<number | null>((sum, { size_bytes: size }) => (sum === null || size === null ? null : sum + size), 0);
  const known = checkpoints !== undefined && checkpoints.length > 0;
  return (
    <Panel
      title="Checkpoints"
      note={known ? `${f.count(checkpoints.length)} · ${total === null ? "size not known" : f.bytes(total)}` : ""}
      bodyClassName="max-h-[70dvh] overflow-auto"
      scrolls
      testId="checkpoints"
    >
      {!known ? (
        <p className="border-t border-line px-4 py-4 text-sm text-muted">{checkpoints === undefined ? "Reading…" : "None written yet."}</p>
      ) : (
        <table className="table border-t border-line">
          <thead>
            <tr>
              <th scope="col">Step</th>
              <th scope="col">Layer</th>
              <th scope="col" className="number">Loss</th>
              <th scope="col" className="number">Size</th>
              <th scope="col" className="max-md:hidden">Written</th>
              <th scope="col" className="w-full max-sm:hidden">Path</th>
              <th scope="col">
                <span className="sr-only">Copy the path</span>
              </th>
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
                <td className="text-muted max-md:hidden" title={f.fullTime(checkpoint.created_at)}>
                  {f.time(checkpoint.created_at, now)}
                </td>
                <td className="max-w-0 truncate text-left font-mono text-xs text-muted max-sm:hidden" title={checkpoint.storage_path} dir="rtl">
                  <bdi>{checkpoint.storage_path}</bdi>
                </td>
                <td className="w-8 px-0">
                  <CopyButton text={checkpoint.storage_path} what={`the path of the checkpoint at step ${f.count(checkpoint.step)}`} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Panel>
  );
}
