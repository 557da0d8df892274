/* Whole pixels to another place, as padding and cropping do it. */
#include "frame.h"

#include <string.h>

/* The pixel that is seen at i, anywhere beside 0 … side - 1 too; -1: none. */
static int seen_at(int i, int side, FrameEdge edge)
{
    if (i >= 0 && i < side) return i;
    if (edge == FRAME_FILL) return -1;
    if (edge == FRAME_NEAREST) return i < 0 ? 0 : side - 1;
    int period = side > 1 ? 2 * (side - 1) : 1, phase = (i % period + period) % period;
    return phase < side ? phase : period - phase;
}

void frame_shift(Frame *frame, int right, int down, FrameEdge edge)
{
    int side = frame->side;
    const uint8_t *from = frame->image->pixels;
    uint8_t *to = frame->spare->pixels;
    for (int y = 0; y < side; y++) {
        int row = seen_at(y - down, side, edge);
        for (int x = 0; x < side; x++, to += 4) {
            int column = seen_at(x - right, side, edge);
            bool outside = row < 0 || column < 0;
            memcpy(to, outside ? frame->fill : from + 4 * ((ptrdiff_t)row * side + column), 4);
        }
    }
    frame_swap(frame);
}
