/** The stores, as hooks. */
import { useStore } from "zustand";
import { datasetsStore, type DatasetsState } from "@/stores/datasetsStore";
import { modelsStore, type ModelsState } from "@/stores/modelsStore";
import { notificationsStore, type NotificationsState } from "@/stores/notificationsStore";
import { referencesStore, type ReferencesState } from "@/stores/referencesStore";
import { trainingTableStore, type TrainingTableState } from "@/stores/trainingTableStore";
import { operationsStore, type OperationsState } from "@/stores/operationsStore";
import { systemMonitorStore, type SystemMonitorState } from "@/stores/systemMonitorStore";
import { trainingsStore, type TrainingsState } from "@/stores/trainingsStore";

export const useSystemMonitor = <T>(select: (state: SystemMonitorState) => T): T => useStore(systemMonitorStore, select);
export const useOperations = <T>(select: (state: OperationsState) => T): T => useStore(operationsStore, select);
export const useTrainings = <T>(select: (state: TrainingsState) => T): T => useStore(trainingsStore, select);
export const useModels = <T>(select: (state: ModelsState) => T): T => useStore(modelsStore, select);
export const useDatasets = <T>(select: (state: DatasetsState) => T): T => useStore(datasetsStore, select);
export const useNotices = <T>(select: (state: NotificationsState) => T): T => useStore(notificationsStore, select);
export const useTrainingRows = <T>(select: (state: TrainingTableState) => T): T => useStore(trainingTableStore, select);
export const useReferences = <T>(select: (state: ReferencesState) => T): T => useStore(referencesStore, select);
