// Numbers for people.
#include <math.h>

#include "cli/progress_view.h"

char *format_duration(double s, char out[32])
{
    if (!(s >= 0 && s < 1e10)) // also NaN and infinity
        snprintf(out, 32, "-");
    else if (s < 9.95)
        snprintf(out, 32, "%.1f s", s);
    else if (s < 99.5)
        snprintf(out, 32, "%.0f s", s);
    else if (s < 3600)
        snprintf(out, 32, "%d m %02d s", (int)(s / 60), (int)fmod(s, 60));
    else if (s < 86400)
        snprintf(out, 32, "%d h %02d m", (int)(s / 3600), (int)(fmod(s, 3600) / 60));
    else
        snprintf(out, 32, "%d d %02d h", (int)(s / 86400), (int)(fmod(s, 86400) / 3600));
    return out;
}

char *format_progress(double percent, char out[32])
{
    // Down, not to the nearest: 99.99 is not the end.
    if (isnan(percent))
        snprintf(out, 32, "–");
    else
        snprintf(out, 32, "%.1f %%", floor(fmax(fmin(percent, 100), 0) * 10 + 1e-9) / 10);
    return out;
}

static char *scaled(double v, double base, const char *const *units, char out[32])
{
    int i = 0;
    // Borders lie where rounding puts them: 999.6 is shown as 1.00k, not as 1000.
    while (fabs(v) >= base - 0.5 && units[i + 1]) v /= base, i++;
    int digits = i == 0 || fabs(v) >= 99.95 ? 0 : fabs(v) >= 9.995 ? 1 : 2;
    snprintf(out, 32, "%.*f%s", digits, v, units[i]);
    return out;
}

char *format_count(double v, char out[32])
{
    static const char *const units[] = {"", "k", "M", "G", "T", NULL};
    return !isfinite(v) ? (snprintf(out, 32, "-"), out) : scaled(v, 1000, units, out);
}

char *format_bytes(double v, char out[32])
{
    static const char *const units[] = {" B", " KiB", " MiB", " GiB", " TiB", NULL};
    return !isfinite(v) ? (snprintf(out, 32, "-"), out) : scaled(v, 1024, units, out);
}
