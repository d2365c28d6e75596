/** Asks once more before a download that came to nothing is removed: what has come may be gigabytes that a retry would go on with. */
import { useState } from "react";
import { Modal } from "./Modal";

interface Props {
  name: string;
  path: string;
  /** Returns why it was refused, or null. */
  remove: () => Promise<string | null>;
  onClose: () => void;
}

export function RemoveDownloadDialog({ name, path, remove, onClose }: Props) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const run = async () => {
    setBusy(true);
    const refused = await remove();
    setBusy(false);
    setProblem(refused);
    if (refused === null) onClose();
  };
  return (
    <Modal
      title={`Remove ${name}?`}
      text="It leaves the list, its failure is dismissed, and what has come of it is deleted from the disk: downloading it again begins anew."
      submit="Remove"
      doing="Removing…"
      busy={busy}
      problem={problem}
      onSubmit={() => void run()}
      onClose={onClose}
    >
      <p className="col-span-2 font-mono text-xs break-all text-muted">{path}</p>
    </Modal>
  );
}
