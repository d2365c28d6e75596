/** What runs on a dataset, a download or a tokenization; and what is left to say when its download came to nothing. */
import { DownloadFailure } from "@/components/EntityState";
import { TransferView } from "@/components/TransferView";
import { useJobControl } from "@/hooks/useJobControl";
import { useDatasets } from "@/hooks/useStores";
import type { Dataset } from "@/lib/types/dataset";
import { datasetsStore } from "@/stores/datasetsStore";

export function DatasetRun({ dataset, inRow = false }: { dataset: Dataset; inRow?: boolean }) {
  const run = useJobControl(dataset.status === "tokenizing" ? dataset.tokenize_job_id : dataset.download_job_id);
  const live = useDatasets((state) => state.transfers[dataset.id]);
  const remove = () => datasetsStore.getState().removeDataset(dataset.id);
  return dataset.status === "downloading" || dataset.status === "tokenizing" ? (
    <TransferView name={dataset.name} run={run} live={live} />
  ) : (
    <DownloadFailure name={dataset.name} status={dataset.status} type={dataset.error_type} message={dataset.error_message} run={run} path={dataset.path} remove={remove} inRow={inRow} />
  );
}
