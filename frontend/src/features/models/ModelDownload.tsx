/** A model's download: while it runs, and what is left to say when it came to nothing. */
import { DownloadFailure } from "@/components/EntityState";
import { TransferView } from "@/components/TransferView";
import { useJobControl } from "@/hooks/useJobControl";
import { useModels } from "@/hooks/useStores";
import type { Model } from "@/lib/types/model";
import { modelsStore } from "@/stores/modelsStore";

export function ModelDownload({ model, inRow = false }: { model: Model; inRow?: boolean }) {
  const run = useJobControl(model.job_id);
  const live = useModels((state) => state.downloads[model.id]);
  const remove = () => modelsStore.getState().removeModel(model.id);
  return model.status === "downloading" ? (
    <TransferView name={model.name} run={run} live={live} />
  ) : (
    <DownloadFailure name={model.name} status={model.status} type={model.error_type} message={model.error_message} run={run} path={model.path} remove={remove} inRow={inRow} />
  );
}
