// The dashboard, compiled in.
#ifndef HW_API_DASHBOARD_FILES_H
#define HW_API_DASHBOARD_FILES_H

struct static_site;

struct static_site *dashboard_site_new(void); // free with static_site_free

#endif
