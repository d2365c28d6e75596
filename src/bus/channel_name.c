#include "base/ascii.h"
#include "bus/bus.h"

#define CHANNEL_MAX_PARTS 3

bool bus_channel_valid(struct slice channel)
{
    if (channel.n == 0 || channel.n > BUS_CHANNEL_MAX) return false;
    int parts = 1;
    size_t part_n = 0;
    for (size_t i = 0; i < channel.n; i++) {
        if (channel.p[i] == '/') {
            if (part_n == 0 || ++parts > CHANNEL_MAX_PARTS) return false;
            part_n = 0;
        } else if (ascii_is(channel.p[i], ASCII_NAME)) {
            part_n++;
        } else {
            return false;
        }
    }
    return part_n > 0;
}
