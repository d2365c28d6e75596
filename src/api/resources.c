// All resources on one router.
#include "api/resources.h"

void resources_register(struct resources *r, struct router *router)
{
    models_register(r, router);
    datasets_register(r, router);
    extractions_register(r, router);
    trainings_register(r, router);
    jobs_register(r, router);
    operations_register(r, router);
    workers_register(r, router);
    progress_history_register(r, router);
}
