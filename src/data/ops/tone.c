/* Tables from byte to byte, one for each channel, as Pillow's ImageOps makes them. */
#include "frame.h"

#include <string.h>

static size_t pixels_of(const Frame *frame)
{
    return (size_t)frame->side * (size_t)frame->side;
}

static void look_up(Frame *frame, int channel, const uint8_t table[256])
{
    uint8_t *at = frame->image->pixels + channel;
    for (size_t i = 0; i < pixels_of(frame); i++, at += 4) *at = table[*at];
}

static void count_values(const Frame *frame, int channel, int count[256])
{
    const uint8_t *at = frame->image->pixels + channel;
    memset(count, 0, sizeof *count * 256);
    for (size_t i = 0; i < pixels_of(frame); i++, at += 4) count[*at]++;
}

void frame_posterize(Frame *frame, int bits)
{
    uint8_t table[256];
    for (int v = 0; v < 256; v++) table[v] = (uint8_t)(v & ~((1 << (8 - bits)) - 1));
    for (int c = 0; c < 3; c++) look_up(frame, c, table);
}

void frame_solarize(Frame *frame, double threshold)
{
    uint8_t table[256];
    for (int v = 0; v < 256; v++) table[v] = (uint8_t)(v < threshold ? v : 255 - v);
    for (int c = 0; c < 3; c++) look_up(frame, c, table);
}

void frame_autocontrast(Frame *frame)
{
    for (int c = 0; c < 3; c++) {
        int count[256], low = 0, high = 255;
        uint8_t table[256];
        count_values(frame, c, count);
        while (low < 255 && count[low] == 0) low++;
        while (high > 0 && count[high] == 0) high--;
        if (high <= low) continue;
        double scale = 255.0 / (high - low), offset = -low * scale;
        for (int v = 0; v < 256; v++) {
            double to = v * scale + offset;
            table[v] = (uint8_t)(to < 0 ? 0 : to > 255 ? 255 : to);
        }
        look_up(frame, c, table);
    }
}

void frame_equalize(Frame *frame)
{
    for (int c = 0; c < 3; c++) {
        int count[256], last = 255;
        uint8_t table[256];
        count_values(frame, c, count);
        while (last > 0 && count[last] == 0) last--;
        int step = ((int)pixels_of(frame) - count[last]) / 255;
        if (step == 0) continue;
        int sum = step / 2;
        for (int v = 0; v < 256; v++) {
            table[v] = (uint8_t)(sum / step < 255 ? sum / step : 255);
            sum += count[v];
        }
        look_up(frame, c, table);
    }
}
