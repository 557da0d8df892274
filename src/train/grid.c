/* Pictures of the network's input beside and below each other, on white. */
#include "grid.h"

#include <string.h>

enum { GAP = 2 };

static int extent(int cells, int side)
{
    return cells * side + (cells + 1) * GAP;
}

Image grid_create(int columns, int rows, int side, Arena *arena)
{
    Image grid = {.width = extent(columns, side), .height = extent(rows, side)};
    size_t bytes = 4 * (size_t)grid.width * (size_t)grid.height;
    grid.pixels = arena_alloc(arena, bytes);
    memset(grid.pixels, 255, bytes);
    return grid;
}

void grid_draw(Image *grid, int column, int row, const float *input, int side,
               const AugmentOptions *augment)
{
    augment_show(grid, extent(column, side), extent(row, side), input, side, augment);
}
