/** Asks once more before trainings are deleted: says what goes and what stays, and of each that is refused why. Closed meanwhile, it deletes no further ones. */
import { useRef, useState } from "react";
import { Modal } from "@/components/Modal";
import { api, messageOf } from "@/lib/api";
import { trainingsStore } from "@/stores/trainingsStore";
import { trainingTableStore } from "@/stores/trainingTableStore";

export interface Doomed {
  id: string;
  name: string;
  /** Of what it wrote, where it is known. */
  folder?: string | null | undefined;
}

interface Props {
  trainings: readonly Doomed[];
  onClose: () => void;
}

const many = (n: number) => `${n.toLocaleString("en-US")} ${n === 1 ? "training" : "trainings"}`;

export function DeleteDialog({ trainings, onClose }: Props) {
  // As they were when it was opened: those that are gone leave the table, and what failed is to be read.
  const [left, setLeft] = useState(trainings);
  const [failures, setFailures] = useState<readonly string[]>([]);
  const [busy, setBusy] = useState(false);
  const closed = useRef(false);
  const one = left.length === 1 ? left[0] : undefined;

  const run = async () => {
    const refused: Doomed[] = [];
    const reasons: string[] = [];
    setBusy(true);
    for (const training of left) {
      if (closed.current) return;
      try {
        await api.deleteTraining(training.id);
        trainingTableStore.getState().forget(training.id);
        trainingsStore.getState().deleteTraining(training.id);
        setLeft((before) => before.filter(({ id }) => id !== training.id));
      } catch (error) {
        refused.push(training);
        reasons.push(`${training.name}: ${messageOf(error)}`);
      }
    }
    setBusy(false);
    setLeft(refused);
    setFailures(reasons);
    if (refused.length === 0) onClose();
  };
  const close = () => {
    closed.current = true;
    onClose();
  };

  return (
    <Modal
      title={one === undefined ? `Delete ${many(left.length)}?` : `Delete ${one.name}?`}
      text={`${one === undefined ? "Their" : "Its"} curves, lists of checkpoints and history of progress are removed for good. The files on disk stay, and so do jobs with their logs.`}
      submit="Delete"
      doing="Deleting…"
      busy={busy}
      problem={null}
      onSubmit={() => void run()}
      onClose={close}
    >
      <ul className="col-span-2 grid gap-1 text-sm" aria-label="To be deleted">
        {left.map(({ id, name, folder }) => (
          <li key={id} className="min-w-0 break-words">
            {name}
            {typeof folder === "string" && <span className="block font-mono text-xs break-all text-muted">{folder} stays</span>}
          </li>
        ))}
      </ul>
      {failures.length > 0 && (
        <ul role="alert" className="col-span-2 grid gap-1 text-sm break-words text-red">
          {failures.map((failure) => (
            <li key={failure}>{failure}</li>
          ))}
        </ul>
      )}
    </Modal>
  );
}
