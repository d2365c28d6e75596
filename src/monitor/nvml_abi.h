// The part of NVML's binary interface that is used here, declared from NVIDIA's documentation of it ("NVML API
// Reference Guide"). The library is never linked: gpu_nvml.c looks each function up when the program runs.
#ifndef HW_MONITOR_NVML_ABI_H
#define HW_MONITOR_NVML_ABI_H

typedef struct nvml_device_opaque *nvml_device;

enum nvml_status {
    NVML_OK = 0,
    NVML_UNINITIALIZED = 1,
    NVML_INVALID_ARGUMENT = 2,
    NVML_NOT_SUPPORTED = 3,
    NVML_NO_PERMISSION = 4,
    NVML_NOT_FOUND = 6,
    NVML_INSUFFICIENT_SIZE = 7,
    NVML_DRIVER_NOT_LOADED = 9,
    NVML_GPU_IS_LOST = 15,
    NVML_UNKNOWN = 999,
};

enum { NVML_TEMPERATURE_OF_GPU = 0 };
enum { NVML_CLOCK_OF_SM = 1, NVML_CLOCK_OF_MEMORY = 2 };

struct nvml_utilization {
    unsigned gpu, memory; // percent of the last sample period
};

struct nvml_memory {
    unsigned long long total, free, used; // bytes; `used` includes what the driver keeps for itself
};

// The second version tells apart what the driver keeps. The caller states the version: size | number << 24.
struct nvml_memory_v2 {
    unsigned version;
    unsigned long long total, reserved, free, used;
};
#define NVML_MEMORY_V2 ((unsigned)(sizeof(struct nvml_memory_v2) | (2u << 24)))

struct nvml_process_v1 {
    unsigned pid;
    unsigned long long used_memory;
};

struct nvml_process_v2 {
    unsigned pid;
    unsigned long long used_memory;
    unsigned gpu_instance, compute_instance; // with MIG
};
// One process's use in a sample period, percent.
struct nvml_process_utilization {
    unsigned pid;
    unsigned long long timestamp; // µs since 1970
    unsigned sm, memory, encoder, decoder;
};
#define NVML_VALUE_NOT_AVAILABLE (~0ull)

// X(member, result and arguments of the function, name in the library, needed)
#define NVML_FUNCTIONS(X)                                                                                              \
    X(init, int, (void), "nvmlInit_v2", 1)                                                                             \
    X(shutdown, int, (void), "nvmlShutdown", 1)                                                                        \
    X(count, int, (unsigned *), "nvmlDeviceGetCount_v2", 1)                                                            \
    X(handle, int, (unsigned, nvml_device *), "nvmlDeviceGetHandleByIndex_v2", 1)                                      \
    X(error_string, const char *, (int), "nvmlErrorString", 0)                                                         \
    X(name, int, (nvml_device, char *, unsigned), "nvmlDeviceGetName", 0)                                              \
    X(utilization, int, (nvml_device, struct nvml_utilization *), "nvmlDeviceGetUtilizationRates", 0)                  \
    X(memory, int, (nvml_device, struct nvml_memory *), "nvmlDeviceGetMemoryInfo", 0)                                  \
    X(memory_v2, int, (nvml_device, struct nvml_memory_v2 *), "nvmlDeviceGetMemoryInfo_v2", 0)                         \
    X(temperature, int, (nvml_device, int, unsigned *), "nvmlDeviceGetTemperature", 0)                                 \
    X(power, int, (nvml_device, unsigned *), "nvmlDeviceGetPowerUsage", 0)                                             \
    X(power_enforced, int, (nvml_device, unsigned *), "nvmlDeviceGetEnforcedPowerLimit", 0)                            \
    X(power_limit, int, (nvml_device, unsigned *), "nvmlDeviceGetPowerManagementLimit", 0)                             \
    X(fan, int, (nvml_device, unsigned *), "nvmlDeviceGetFanSpeed", 0)                                                 \
    X(clock, int, (nvml_device, int, unsigned *), "nvmlDeviceGetClockInfo", 0)                                         \
    X(processes_v3, int, (nvml_device, unsigned *, void *), "nvmlDeviceGetComputeRunningProcesses_v3", 0)              \
    X(processes_v2, int, (nvml_device, unsigned *, void *), "nvmlDeviceGetComputeRunningProcesses_v2", 0)              \
    X(processes_v1, int, (nvml_device, unsigned *, void *), "nvmlDeviceGetComputeRunningProcesses", 0)                 \
    X(process_utilization, int, (nvml_device, struct nvml_process_utilization *, unsigned *, unsigned long long),      \
      "nvmlDeviceGetProcessUtilization", 0)

#endif
