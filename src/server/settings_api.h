// GET /api/v1/settings: what this server runs with. Read only: settings are given at the start.
#ifndef HW_SERVER_SETTINGS_API_H
#define HW_SERVER_SETTINGS_API_H

struct router;
struct settings;

void settings_routes(struct router *r, const struct settings *s); // borrowed for the router's life

#endif
