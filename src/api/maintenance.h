// GET /api/v1/maintenance/metrics, POST /api/v1/maintenance/archive and /restore: old metrics and their archive.
#ifndef HW_API_MAINTENANCE_H
#define HW_API_MAINTENANCE_H

struct archival;
struct router;
struct schedule;
struct store;

// Borrowed for the router's life.
struct maintenance_api {
    struct store *store;
    struct schedule *schedule;
    struct archival *archival;
};

void maintenance_routes(struct router *r, struct maintenance_api *api);

#endif
