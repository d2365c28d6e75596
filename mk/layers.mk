# Which folder of src/ may include which. The same table links the unit tests (a test of src/X is linked with X and what X
# may include, nothing more) and is checked against the #include lines by `make check`.
# docs/decisions/0001-layers.md says why.
LAYERS := base proto net http hub realtime bus fanout events store jobs monitor api server client worker term run cli echo ml task

DEPS_base     :=
DEPS_proto    := base
DEPS_hub      := base
DEPS_ml       := base
DEPS_net      := base
DEPS_http     := base proto net
DEPS_realtime := base proto net http hub
DEPS_bus      := base hub
DEPS_fanout   := base net hub bus
DEPS_events   := base hub bus
DEPS_store    := base
DEPS_monitor  := base
DEPS_jobs     := base hub bus events store
DEPS_client   := base proto
DEPS_api      := base proto net http hub realtime bus fanout events store jobs monitor
DEPS_server   := base proto net http hub realtime bus fanout events store jobs monitor api
DEPS_worker   := base proto hub bus events store jobs monitor client
DEPS_term     := base
DEPS_run      := base proto hub bus events store jobs monitor client worker term
DEPS_cli      := base proto net http hub realtime bus fanout events store jobs monitor api server client worker term run
DEPS_echo     := base proto net http hub realtime
DEPS_task     := base ml jobs

# Libraries by folder, as pkg-config names; the link line of a program is the union over its folders.
PKGS_base    := jansson
PKGS_proto   := zlib openssl
PKGS_net     := libuv
PKGS_store   := sqlite3 libpq zlib
PKGS_ml      := openblas libpcre2-8 zlib
PKGS_task    := libcurl libcrypto
PKGS_monitor :=
