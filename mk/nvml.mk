# A stand-in for NVIDIA's management library, so that what a GPU shows is tested on machines without one
# (tests/fake-nvml/fake_nvml.c says how its readings are set), and the same as an old driver has it.
FAKE_NVML := $(BUILD)/tests/libnvidia-ml.so.1 $(BUILD)/tests/libnvidia-ml-old.so.1

$(BUILD)/tests/libnvidia-ml.so.1 $(BUILD)/tests/libnvidia-ml-old.so.1: tests/fake-nvml/fake_nvml.c src/monitor/nvml_abi.h
	@mkdir -p $(@D)
	$(CC) $(CSTD) -O1 -g $(WARNINGS) -Isrc -fPIC -shared -fvisibility=hidden $(if $(findstring -old,$@),-DFAKE_NVML_OLD) -o $@ $<

# Order only: the tests find it beside themselves when they run.
$(BUILD)/tests/unit/monitor/test_gpu $(BUILD)/tests/unit/monitor/test_sampler $(BUILD)/tests/unit/worker/test_gpu_watch: | $(FAKE_NVML)
